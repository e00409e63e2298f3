// The page works without this: it adds the camera, and keeps a form from being sent twice.
"use strict";
(() => {
  for (const form of document.forms) {
    form.addEventListener("submit", () => {
      for (const button of form.querySelectorAll("button")) {
        setTimeout(() => { button.disabled = true; }, 0);
      }
    });
  }
  const start = document.getElementById("camera");
  if (!start || !("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  const video = document.getElementById("picture");
  const input = document.getElementById("code");
  const label = start.textContent;
  let stream = null;
  const stop = () => {
    for (const track of stream ? stream.getTracks() : []) track.stop();
    stream = null;
    video.hidden = true;
    start.textContent = label;
  };
  const watch = async (detector) => {
    while (stream) {
      const found = await detector.detect(video).catch(() => []);
      if (stream && found.length > 0) {
        input.value = found[0].rawValue;
        stop();
        input.form.requestSubmit();
        return;
      }
      await new Promise((again) => { setTimeout(again, 150); });
    }
  };
  start.hidden = false;
  start.addEventListener("click", async () => {
    if (stream) {
      stop();
      return;
    }
    try {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      start.textContent = start.dataset.stop;
      watch(detector);
    } catch {
      stop();
      start.textContent = start.dataset.failed;
      start.disabled = true;
    }
  });
})();

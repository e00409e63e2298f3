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
  // An answer to a form becomes a page to come back to: Back and reload send nothing again.
  if (document.body.dataset.here) history.replaceState(null, "", document.body.dataset.here);
  const start = document.getElementById("camera");
  if (!start || !navigator.mediaDevices) return;
  const nonce = document.currentScript.nonce;
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
  // The browser's own reader of QR codes, or ours, which is fetched when it is wanted.
  const reader = async () => {
    const own = window.BarcodeDetector;
    if (own && (await own.getSupportedFormats()).includes("qr_code")) {
      return new own({ formats: ["qr_code"] });
    }
    if (!window.PuhuiCodeReader) {
      await new Promise((done, failed) => {
        const script = document.createElement("script");
        Object.assign(script, { type: "module", nonce, src: "/till-reader.js", onload: done, onerror: failed });
        document.head.append(script);
      });
    }
    return new window.PuhuiCodeReader({ formats: ["qr_code"] });
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
  const hint = document.getElementById("hint");
  hint.textContent = hint.dataset.camera;
  start.addEventListener("click", async () => {
    if (stream) {
      stop();
      return;
    }
    try {
      const detector = await reader();
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

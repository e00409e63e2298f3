import "vant/es/style/base.css";
import "./base.css";
import "./theme";
import { createApp } from "vue";
import App from "./App.vue";
import { watchNews } from "./live";
import { watchOutbox } from "./outbox";
import { watchBuild } from "./version";

createApp(App).mount("#app");
watchNews();
watchOutbox();
watchBuild();

if ("serviceWorker" in navigator && import.meta.env.PROD) {
  void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}

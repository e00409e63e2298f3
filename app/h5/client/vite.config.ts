import vue from "@vitejs/plugin-vue";
import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";
import about from "./package.json" with { type: "json" };

/** Write the service worker: it knows the names of all files of this very build. */
function shell(): Plugin {
  return {
    name: "shell",
    apply: "build",
    generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((name) => name.startsWith("assets/")).sort();
      const version = createHash("sha256").update(files.join("\n")).digest("hex").slice(0, 12);
      const worker = Object.values(bundle).find((each) => each.fileName === "sw.js");
      if (worker?.type !== "chunk") throw new Error("sw.js is missing");
      worker.code = worker.code
        .replace("__VERSION__", version)
        .replace(/["'`]__FILES__["'`]/, JSON.stringify(files.map((name) => `/${name}`)));
    },
  };
}

export default defineConfig({
  define: { __APP__: JSON.stringify(`h5/${about.version}`) },
  plugins: [vue(), shell()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: "index.html", sw: "src/sw.ts", "till-reader": "src/till.ts" },
      output: {
        entryFileNames: (chunk) =>
          ["sw", "till-reader"].includes(chunk.name) ? "[name].js" : "assets/[name]-[hash].js",
      },
    },
  },
});

// Bundles the client: the script that the function serves, and the module with its types.
// `--core FILE` writes a script with page views, events and their delivery alone, which
// only its size is asked of.
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [option, core] = process.argv.slice(2);

/** @param {string} entry @param {string} outfile @param {"iife" | "esm"} format */
function bundle(entry, outfile, format, everything = true) {
  return build({
    entryPoints: [join(here, "src", entry)],
    outfile,
    format,
    bundle: true,
    minify: true,
    charset: "utf8",
    legalComments: "none",
    target: "es2021",
    // Without it each file would say "use strict", which modules are anyway.
    tsconfigRaw: {},
    define: { EVERYTHING: String(everything) },
  });
}

if (option === "--core") {
  await bundle("script.ts", core, "iife", false);
} else {
  const to = option === "--to" ? core : join(here, "..");
  await mkdir(join(to, "client", "dist"), { recursive: true });
  await bundle("script.ts", join(to, "handler", "tracker.js"), "iife");
  await bundle("index.ts", join(to, "client", "dist", "tracker.mjs"), "esm");
  await copyFile(join(here, "src", "api.d.ts"), join(to, "client", "dist", "tracker.d.ts"));
}

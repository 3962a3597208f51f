// Whether Tint, browsers' compiler, takes texts of WGSL.
//
//     node tint.mjs FOLDER FILE...
//
// FOLDER is where `npm ci` has put the packages. For each file one line of JSON: {"file": …, "errors": […]}, an error
// being "LINE:COLUMN: message". Neither a GPU nor a driver is needed.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const { create, globals } = await import(pathToFileURL(resolve(folder, "node_modules/webgpu/index.js")));
Object.assign(globalThis, globals);

// Held until the end: what Dawn made lives only as long as this does (https://issues.chromium.org/issues/387965810).
let gpu = create(["backend=null"]);
let adapter = await gpu.requestAdapter();
// Texts are judged as for a GPU that has all that kernels may ask for.
const limits = ["maxStorageBuffersPerShaderStage", "maxComputeInvocationsPerWorkgroup", "maxComputeWorkgroupSizeX"];
let device = await adapter.requestDevice({
  requiredFeatures: ["subgroups"].filter((feature) => adapter.features.has(feature)),
  requiredLimits: Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]])),
});
for (const file of files) {
  console.log(JSON.stringify({ file, errors: await errorsOf(readFileSync(file, "utf8")) }));
}
// The process ends by itself when nothing of Dawn is held any more; `process.exit` would tear it down under its own
// threads.
device.destroy();
await device.lost;
device = adapter = gpu = undefined;

async function errorsOf(code) {
  // A scope takes what Dawn would print otherwise.
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  const errors = messages
    .filter((message) => message.type === "error")
    .map((message) => `${message.lineNum}:${message.linePos}: ${message.message}`);
  if (errors.length === 0) {
    device.createComputePipeline({ layout: "auto", compute: { module } });
  }
  const refused = await device.popErrorScope();
  if (errors.length === 0 && refused) {
    errors.push(`pipeline: ${refused.message}`);
  }
  return errors;
}

// What /browser uses of TensorFlow.js. The CPU backend is the fastest for networks of this size.
import "@tensorflow/tfjs-backend-cpu";

export { loadLayersModel } from "@tensorflow/tfjs-layers";
export { setBackend, tensor2d, tidy, version_core as version } from "@tensorflow/tfjs-core";

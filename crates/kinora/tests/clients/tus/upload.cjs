// tus-js-client as it is: uploads a file whole, or goes on with one.
const fs = require("fs");
const { createRequire } = require("module");

const [modules, server, token, path, known] = process.argv.slice(2);
const tus = createRequire(`${modules}/`)("tus-js-client");
const upload = new tus.Upload(fs.createReadStream(path), {
  endpoint: `${server}/files/`,
  uploadUrl: known || undefined,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: "from node.mp4", operation: "audio" },
  uploadSize: fs.statSync(path).size,
  chunkSize: 100000,
  retryDelays: [0, 0, 0, 0, 0],
  onError(error) {
    console.error(error.message);
    process.exit(1);
  },
  onSuccess() {
    console.log(upload.url, fs.statSync(path).size);
  },
});
upload.start();

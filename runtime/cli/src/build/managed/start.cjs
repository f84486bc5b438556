// Starts AWS's runtime interface client for Node.js.
//
// The client speaks the Runtime API through a C++ module that takes a compiler, CMake and minutes
// to build. Its three functions are here instead, over node:http; handlers, context, console,
// errors and response streams are the client's own.
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
// One connection: what is asked for first arrives first.
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const posts = new Set();

function options(method, name, headers) {
  return { hostname, port, method, headers, path: `/2018-06-01/runtime/invocation/${name}` };
}

function next() {
  return new Promise((resolve, reject) => {
    const request = http.request({ ...options('GET', 'next'), agent }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bodyJson = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) {
          resolve({ bodyJson, headers: response.headers });
        } else {
          reject(new Error(`Failed to get next invocation: ${response.statusCode} ${bodyJson}`));
        }
      });
    });
    request.on('error', reject).end();
  });
}

// The C++ module does not tell the client whether the post went well either.
function post(name, text) {
  const body = Buffer.from(text);
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const posted = { options: options('POST', name, headers), text };
  posts.add(posted);
  const answered = () => posts.delete(posted);
  const request = http.request({ ...posted.options, agent }, (response) => {
    response.on('end', answered).on('error', answered).resume();
  });
  request.on('error', answered).end(body);
}

// The C++ module posts before it returns, so the client may exit right after. Then what is still
// to be sent is sent by another process.
const POST = `
  const { options, text } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  require('http').request(options, (response) => response.resume()).end(text);
`;
process.on('exit', () => {
  for (const posted of posts) {
    spawnSync(process.execPath, ['-e', POST], { env: {}, input: JSON.stringify(posted) });
  }
});

const client = {
  next,
  done: (id, body) => post(`${id}/response`, body),
  error: (id, body) => post(`${id}/error`, body),
};

const folder = path.join(__dirname, 'runtime', 'aws-lambda-ric');
const bundled = path.join(folder, 'dist', 'index.mjs');
const entry = fs.existsSync(bundled) ? bundled : path.join(folder, 'index.mjs');
const native = path.join(path.dirname(fs.realpathSync(entry)), 'rapid-client.node');
require.cache[native] = { id: native, filename: native, loaded: true, exports: client, children: [], paths: [] };

// The client up to version 3 is a library, whose failures must be uncaught exceptions, as those of
// a main module are: it reports these. From version 4 on it starts by itself.
const { LAMBDA_TASK_ROOT, _HANDLER } = process.env;
import(pathToFileURL(entry).href)
  .then((module) => module.run?.(LAMBDA_TASK_ROOT, _HANDLER))
  .catch((error) => setImmediate(() => { throw error; }));

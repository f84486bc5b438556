// A function whose events are HTTP requests: wasi:http/incoming-handler, as the `fetch` event.

let calls = 0;

// The engine goes on after what nobody catches, and waits for an answer until the time-out.
addEventListener("fetch", (event) => event.respondWith(respond(event.request).catch(failed)));

function failed(error) {
  console.error(error);
  const document = { errorType: error.name, errorMessage: error.message };
  return Response.json(document, { status: 500 });
}

async function respond(request) {
  calls += 1;
  const url = new URL(request.url);
  if (url.pathname.endsWith("/fail")) throw new RangeError("asked to fail");
  if (url.pathname.endsWith("/log")) console.log("printed: Зоя");
  while (url.pathname.endsWith("/spin"));
  const answer = {
    method: request.method,
    path: url.pathname,
    name: url.searchParams.get("name"),
    header: request.headers.get("x-test"),
    body: await request.text(),
    calls,
  };
  const headers = { "content-type": "application/json", "x-served-by": "javascript" };
  return new Response(JSON.stringify(answer), { status: 201, headers });
}

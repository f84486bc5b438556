// A function of the world samovar:function: bytes in, bytes out.

import { getEnvironment } from "wasi:cli/environment@0.2.10";

let calls = 0;

export const handler = {
  handle(event, context) {
    try {
      const answer = respond(JSON.parse(new TextDecoder().decode(event)), context);
      return new TextEncoder().encode(JSON.stringify(answer));
    } catch (error) {
      // What the world has for errors; anything else that is thrown ends the engine.
      throw { errorType: error.name, message: error.message };
    }
  },
};

function respond(event, context) {
  calls += 1;
  switch (event.do) {
    case "log":
      console.log("printed: Зоя");
      console.error("to standard error");
      break;
    case "fail":
      throw new RangeError("asked to fail");
    case "refuse":
      throw { name: "OutOfStock", message: "no teapots left" };
    case "spin":
      for (;;);
    case "grow":
      return new Uint8Array(event.bytes).fill(1).length;
    case "context":
      return {
        request_id: context.requestId,
        function_name: context.functionName,
        memory_limit_mb: context.memoryLimitMb,
      };
  }
  const greeting = getEnvironment().find(([name]) => name === "GREETING")?.[1];
  return { event, calls, greeting };
}

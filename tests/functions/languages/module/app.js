// An ES module that awaits while it is loaded.
import { setTimeout } from 'node:timers/promises';

const started = await setTimeout(1, 'started');

export const handler = async (event) => {
  if (event.fail) {
    throw new TypeError(event.fail);
  }
  return { event, started };
};

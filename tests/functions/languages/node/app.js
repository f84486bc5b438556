// Does what its event says.
'use strict';

const ms = require('ms');

const actions = {
  echo: (event) => ({ event }),
  about: (_event, context) => ({
    version: process.versions.node,
    ms: ms('2 days'),
    directory: __dirname,
    variables: { ...process.env },
    context: {
      functionName: context.functionName,
      arn: context.invokedFunctionArn,
      memory: context.memoryLimitInMB,
      requestId: context.awsRequestId,
      remaining: context.getRemainingTimeInMillis(),
    },
  }),
  log: (_event, context) => {
    console.log('logged');
    console.error('to standard error');
    return context.awsRequestId;
  },
  large: (event) => 'x'.repeat(event.bytes),
  fail: () => {
    throw new RangeError('asked to fail');
  },
  later: async () => {
    setTimeout(() => {
      throw new Error('thrown later');
    }, 1);
    await new Promise(() => {});
  },
  crash: (event) => process.exit(event.status),
};

exports.handler = async (event, context) => actions[event.do ?? 'echo'](event, context);

exports.callback = (event, _context, callback) => {
  setTimeout(() => callback(event.fail ?? null, { called: true }), 5);
};

//! Events in, invocations out: HTTP gateway, queue poller, schedule.

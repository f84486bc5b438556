//! Durable queues with the semantics of SQS.

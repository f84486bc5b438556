//! The AWS wire protocols on one port: Lambda and SQS.

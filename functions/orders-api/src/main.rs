//! Takes orders over HTTP and puts them into a queue.

mod order;
mod queue;
mod routes;

samovar_function::http!(routes::router(queue::OrderQueue::from_env().await?));

//! A response in streaming mode on `lambda_runtime`: says `first`, waits for the caller if the event
//! has a port, says `second`, or fails instead if the event asks for it.

use std::pin::Pin;

use futures_util::stream::{self, Stream, StreamExt};
use lambda_runtime::{Error, LambdaEvent, StreamResponse, run, service_fn};
use serde::Deserialize;
use tokio::net::TcpStream;

#[derive(Deserialize)]
struct Event {
    /// Where the caller listens; it closes the connection when it has got the first piece.
    port: Option<u16>,
    /// Breaks off instead of a second piece.
    #[serde(default)]
    fail: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(stream)).await
}

type Pieces = Pin<Box<dyn Stream<Item = Result<&'static str, Error>> + Send>>;

async fn stream(event: LambdaEvent<Event>) -> Result<StreamResponse<Pieces>, Error> {
    let event = event.payload;
    let second = async move {
        if let Some(port) = event.port {
            TcpStream::connect(("127.0.0.1", port)).await?.readable().await?;
        }
        if event.fail { Err("broke off".into()) } else { Ok("second") }
    };
    let pieces: Pieces = Box::pin(stream::iter([Ok("first")]).chain(stream::once(second)));
    Ok(StreamResponse::from(pieces))
}

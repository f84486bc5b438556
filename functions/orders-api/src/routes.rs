//! `POST /orders` and `GET /orders/health`.

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use samovar_function::tracing;
use serde_json::json;
use uuid::Uuid;

use crate::order::{Order, Rejection};
use crate::queue::{OrderQueue, SendError};

/// The API over `queue`.
pub(crate) fn router(queue: OrderQueue) -> Router {
    Router::new()
        .route("/orders", post(place))
        .route("/orders/health", get(health))
        .with_state(queue)
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// Answers 202 once the order is in the queue. The body counts, not its content type: many
/// clients send JSON as a form.
async fn place(
    State(queue): State<OrderQueue>,
    body: Bytes,
) -> Result<(StatusCode, Json<serde_json::Value>), Error> {
    let order = Order::from_json(&body)?;
    let order_id = Uuid::new_v4().to_string();
    queue.send(&order_id, &order).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"orderId": order_id}))))
}

/// Why an order was not placed.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error(transparent)]
    NotSent(#[from] SendError),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::Rejected(rejection) => {
                let mut body = json!({"error": rejection.to_string()});
                if let Some(field) = rejection.field() {
                    body["field"] = field.into();
                }
                (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
            }
            Self::NotSent(error) => {
                // The customer learns nothing about what is behind the API; the log does.
                tracing::error!(%error, "order not placed");
                let body = json!({"error": "orders cannot be taken now, try again later"});
                (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests;

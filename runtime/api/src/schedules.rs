//! Samovar's own pages on schedules, for `samovar trigger`.
//!
//! - `GET /_samovar/schedules`: all schedules, with their next times;
//! - `POST /_samovar/schedules/NAME/fire`: fires one now. The answer is that schedule, when what
//!   its targets get is on disk.
//!
//! Times are milliseconds since 1970. Errors are `{"message": ...}`.

use std::time::UNIX_EPOCH;

use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use samovar_dispatch::Body;
use samovar_triggers::{FireError, ScheduleInfo, Schedules};
use serde::Serialize;
use serde_json::json;

use crate::reply;

const PATH: &str = "/_samovar/schedules";

#[derive(Serialize)]
struct SchedulesPage {
    schedules: Vec<ScheduleShape>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScheduleShape {
    name: String,
    expression: String,
    /// `null`: UTC.
    time_zone: Option<String>,
    enabled: bool,
    /// `null`: never by itself.
    next_at: Option<u64>,
    /// Names of functions and queues.
    targets: Vec<String>,
}

impl From<ScheduleInfo> for ScheduleShape {
    fn from(info: ScheduleInfo) -> Self {
        let since = info.next.and_then(|next| next.duration_since(UNIX_EPOCH).ok());
        Self {
            name: info.name,
            expression: info.expression,
            time_zone: info.timezone,
            enabled: info.enabled,
            next_at: since.and_then(|since| u64::try_from(since.as_millis()).ok()),
            targets: info.targets,
        }
    }
}

/// Whether a request is for one of these pages.
pub(crate) fn is_meant(method: &Method, path: &str) -> bool {
    (path == PATH && method == Method::GET) || (method == Method::POST && fired(path).is_some())
}

/// Answers a request that is.
pub(crate) async fn handle(schedules: &Schedules, path: &str) -> Response<Body> {
    let Some(name) = fired(path) else {
        let schedules = schedules.list().into_iter().map(ScheduleShape::from).collect();
        return reply::json(StatusCode::OK, &SchedulesPage { schedules });
    };
    match schedules.fire(&percent_decode_str(name).decode_utf8_lossy()).await {
        Ok(info) => reply::json(StatusCode::OK, &ScheduleShape::from(info)),
        Err(error) => {
            let status = match error {
                FireError::Unknown => StatusCode::NOT_FOUND,
                FireError::Ambiguous(_) => StatusCode::CONFLICT,
                FireError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
            };
            reply::json(status, &json!({"message": error.to_string()}))
        }
    }
}

/// The name in the path by which a schedule is fired, as it stands there.
fn fired(path: &str) -> Option<&str> {
    let name = path.strip_prefix(PATH)?.strip_prefix('/')?.strip_suffix("/fire")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

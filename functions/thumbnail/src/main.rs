//! Scales a picture to a width: `POST /thumbnail?width=N` with a PNG, JPEG, GIF or WebP as its
//! body is answered with a PNG of that width, in the picture's own proportions.

mod picture;

use std::ops::RangeInclusive;

use picture::PictureError;
use samovar_function::http::{StatusCode, header::CONTENT_TYPE};
use samovar_function::{Error, Request, Response};
use serde_json::json;

const WIDTHS: RangeInclusive<u32> = 1..=4096;

async fn thumbnail(request: Request) -> Result<Response, Error> {
    let Some(width) = width(request.uri().query()) else {
        let remedy = format!(
            "width must be a whole number from {} to {}: POST /thumbnail?width=320",
            WIDTHS.start(),
            WIDTHS.end(),
        );
        return refuse(StatusCode::BAD_REQUEST, &remedy);
    };
    let body = request.into_body().bytes().await?;
    if body.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "the body must be a picture, but it is empty");
    }
    match picture::scale(&body, width) {
        Ok(png) => Ok(Response::builder().header(CONTENT_TYPE, "image/png").body(png.into())?),
        Err(error) => refuse(status(&error), &error.to_string()),
    }
}

fn width(query: Option<&str>) -> Option<u32> {
    let width = query?.split('&').find_map(|pair| pair.strip_prefix("width="))?;
    width.parse().ok().filter(|width| WIDTHS.contains(width))
}

fn status(error: &PictureError) -> StatusCode {
    match error {
        PictureError::Format => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        PictureError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        PictureError::TooHigh { .. } | PictureError::Broken(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn refuse(status: StatusCode, message: &str) -> Result<Response, Error> {
    Ok(Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(json!({"error": message}).into())?)
}

samovar_function::http!(thumbnail);

#[cfg(test)]
mod tests;

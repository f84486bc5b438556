use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use samovar_function::Body;
use serde_json::Value;

use super::*;

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x % 256) as u8, (y % 256) as u8, 128])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn post(query: &str, body: impl Into<Body>) -> Response {
    let mut request = Request::new(body.into());
    *request.uri_mut() = format!("/thumbnail{query}").parse().unwrap();
    thumbnail(request).await.unwrap()
}

async fn refused(query: &str, body: impl Into<Body>) -> (u16, String) {
    let response = post(query, body).await;
    let status = response.status().as_u16();
    let body = response.into_body().bytes().await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn scales_each_format_and_keeps_the_proportions() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        for (query, width, height) in [("?width=50", 50, 25), ("?a=b&width=400", 400, 200)] {
            let response = post(query, picture(200, 100, format)).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[CONTENT_TYPE], "image/png");
            let png = response.into_body().bytes().await.unwrap();
            assert_eq!(image::guess_format(&png).unwrap(), ImageFormat::Png);
            let thumbnail = image::load_from_memory(&png).unwrap();
            assert_eq!((thumbnail.width(), thumbnail.height()), (width, height), "{format:?}");
        }
    }
}

#[tokio::test]
async fn a_flat_picture_keeps_one_line() {
    let response = post("?width=1", picture(300, 2, ImageFormat::Png)).await;
    let png = response.into_body().bytes().await.unwrap();
    let thumbnail = image::load_from_memory(&png).unwrap();
    assert_eq!((thumbnail.width(), thumbnail.height()), (1, 1));
}

#[tokio::test]
async fn names_a_wrong_width() {
    for query in ["", "?", "?width=", "?width=0", "?width=4097", "?width=-1", "?width=1.5", "?w=9"]
    {
        let (status, error) = refused(query, picture(2, 2, ImageFormat::Png)).await;
        assert_eq!(status, 400, "{query}");
        assert!(error.contains("from 1 to 4096"), "{error}");
    }
}

#[tokio::test]
async fn refuses_what_is_no_picture() {
    assert_eq!(refused("?width=9", "").await.0, 400);
    assert_eq!(refused("?width=9", "tea, please").await.0, 415);
    assert_eq!(refused("?width=9", b"BM a bitmap".as_slice()).await.0, 415);

    let mut torn = picture(64, 64, ImageFormat::Png);
    torn.truncate(torn.len() / 2);
    assert_eq!(refused("?width=9", torn).await.0, 422);
}

/// A PNG of a few bytes that says it is 16,000 pixels square.
#[tokio::test]
async fn refuses_a_decompression_bomb_before_it_is_decoded() {
    let mut bomb = picture(1, 1, ImageFormat::Png);
    // IHDR: length, type, width, height, five bytes, CRC-32 of all but the length.
    for (at, side) in [(16, 16_000_u32), (20, 16_000)] {
        bomb[at..at + 4].copy_from_slice(&side.to_be_bytes());
    }
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(refused("?width=9", bomb).await.0, 413);
}

#[tokio::test]
async fn refuses_a_thumbnail_that_is_too_high() {
    let (status, error) = refused("?width=4096", picture(1, 2, ImageFormat::Png)).await;
    assert_eq!(status, 422);
    assert!(error.contains("8192 pixels high"), "{error}");
}

/// CRC-32 as PNG has it (PNG specification, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 }
        })
    })
}

//! The picture: decode, scale, encode.

use std::io::Cursor;

use image::error::{ImageError, LimitError};
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Longest side of a picture that comes in.
const MAX_SIDE: u32 = 16_384;

/// Highest thumbnail.
const MAX_HEIGHT: u32 = 4096;

/// Memory for a decoded picture: 48 million pixels of 4 bytes. What would need more is refused
/// before it is decoded.
const MAX_DECODED_BYTES: u64 = 192 << 20;

/// Why there is no thumbnail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    #[error("the body must be a PNG, JPEG, GIF or WebP picture")]
    Format,
    #[error("the picture is too large: at most {MAX_SIDE} pixels a side and 48 million in all")]
    TooLarge,
    #[error(
        "the thumbnail would be {height} pixels high, {MAX_HEIGHT} is the most: ask for a smaller width"
    )]
    TooHigh { height: u64 },
    #[error("the picture cannot be decoded: {0}")]
    Broken(ImageError),
}

impl From<ImageError> for PictureError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(LimitError { .. }) => Self::TooLarge,
            ImageError::Unsupported(_) => Self::Format,
            error => Self::Broken(error),
        }
    }
}

/// Scales a picture to `width` pixels, and encodes it as PNG.
///
/// # Errors
/// The bytes are no picture, not a whole one, or one beyond the limits.
pub(crate) fn scale(bytes: &[u8], width: u32) -> Result<Vec<u8>, PictureError> {
    let picture = decode(bytes)?;
    let height = scaled_height(picture.dimensions(), width)?;
    let mut png = Cursor::new(Vec::new());
    picture.thumbnail_exact(width, height).write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

/// Decodes a picture and turns it upright, as cameras note it in EXIF.
fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);

    let mut reader = ImageReader::with_format(Cursor::new(bytes), image::guess_format(bytes)?);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn scaled_height((width, height): (u32, u32), new_width: u32) -> Result<u32, PictureError> {
    let (width, height) = (u64::from(width.max(1)), u64::from(height));
    let scaled = ((height * u64::from(new_width) + width / 2) / width).max(1);
    match u32::try_from(scaled) {
        Ok(height) if height <= MAX_HEIGHT => Ok(height),
        _ => Err(PictureError::TooHigh { height: scaled }),
    }
}

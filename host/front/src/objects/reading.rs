//! A file as a body.

use bytes::Bytes;
use futures::stream::try_unfold;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::{Body, BoxError};

/// Bytes read at a time.
const PIECE: usize = 128 << 10;

/// From where the file stands to its end.
pub fn body(file: File) -> Body {
    let pieces = try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        let read = file
            .read(&mut piece)
            .await
            .map_err(|error| Box::new(error) as BoxError)?;
        piece.truncate(read);
        Ok::<_, BoxError>((read > 0).then(|| (Frame::data(Bytes::from(piece)), file)))
    });
    StreamBody::new(pieces).boxed_unsync()
}

//! Compressed streams: gzip, zstd, bzip2 and xz, read and written as streams.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read, Write};
use std::rc::Rc;

/// Read and written at once.
const PIECE: usize = 64 * 1024;
/// A zstd frame of ours holds this much: they follow one another in a file.
const FRAME: u64 = 8 << 20;
/// Memory that an xz file may ask for, in KiB: that of `xz -9`, and some.
const MOST_XZ_MEMORY: u32 = 100 << 10;

/// A kind of compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// gzip
    Gzip,
    /// zstd
    Zstd,
    /// bzip2
    Bzip2,
    /// xz
    Xz,
}

impl Codec {
    /// What files of it start with.
    pub fn detect(start: &[u8]) -> Option<Self> {
        [
            (&b"\x1f\x8b"[..], Self::Gzip),
            (b"\x28\xb5\x2f\xfd", Self::Zstd),
            (b"BZh", Self::Bzip2),
            (b"\xfd7zXZ\0", Self::Xz),
        ]
        .into_iter()
        .find_map(|(magic, codec)| start.starts_with(magic).then_some(codec))
    }

    /// What names of such files end with.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
            Self::Bzip2 => ".bz2",
            Self::Xz => ".xz",
        }
    }

    /// What comes out of a compressed stream, several of them one after the other included.
    pub fn decoder(self, input: Box<dyn Read>) -> Box<dyn Read> {
        let input = BufReader::with_capacity(PIECE, input);
        match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
            Self::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, MOST_XZ_MEMORY)),
            Self::Zstd => Box::new(ZstdReader {
                source: Source(Rc::new(RefCell::new(input))),
                frame: None,
            }),
        }
    }

    /// Compresses everything; levels are 1 to 9, and zstd has but one.
    ///
    /// # Errors
    /// Input or output fail.
    pub fn compress(self, input: &mut dyn Read, mut output: &mut dyn Write, level: u32) -> io::Result<()> {
        match self {
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(output, flate2::Compression::new(level));
                copy(input, &mut encoder)?;
                encoder.finish()?.flush()
            }
            Self::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(output, bzip2::Compression::new(level));
                copy(input, &mut encoder)?;
                encoder.finish()?.flush()
            }
            Self::Xz => {
                let options = lzma_rust2::XzOptions::with_preset(level);
                let mut encoder = lzma_rust2::XzWriter::new(&mut output, options)?;
                copy(input, &mut encoder)?;
                encoder.finish()?;
                output.flush()
            }
            Self::Zstd => loop {
                // The encoder knows no errors of its input and output, so it works on memory.
                let mut piece = Vec::new();
                let read = (&mut *input).take(FRAME).read_to_end(&mut piece)?;
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                output.write_all(&ruzstd::encoding::compress_to_vec(&*piece, level))?;
                if (read as u64) < FRAME {
                    return output.flush();
                }
            },
        }
    }
}

/// Copies everything; gives the number of bytes.
///
/// # Errors
/// Input or output fail.
pub fn copy(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<u64> {
    let mut buffer = vec![0; PIECE];
    let mut copied = 0;
    loop {
        let read = match input.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        output.write_all(&buffer[..read])?;
        copied += read as u64;
    }
}

/// A stream whose beginning was looked at.
pub type Whole = Chain<Cursor<Vec<u8>>, Box<dyn Read>>;

/// The codec of a stream by its first bytes, and the whole stream.
///
/// # Errors
/// It cannot be read.
pub fn sniff(mut input: Box<dyn Read>) -> io::Result<(Option<Codec>, Whole)> {
    let mut start = Vec::new();
    input.by_ref().take(6).read_to_end(&mut start)?;
    Ok((Codec::detect(&start), Cursor::new(start).chain(input)))
}

/// The compressed stream: a frame's decoder holds it, and it goes on after the frame.
#[derive(Clone)]
struct Source(Rc<RefCell<BufReader<Box<dyn Read>>>>);

impl Read for Source {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(bytes)
    }
}

type Frame = ruzstd::decoding::StreamingDecoder<Source, ruzstd::decoding::FrameDecoder>;

/// Frames of zstd, one after the other.
struct ZstdReader {
    source: Source,
    frame: Option<Box<Frame>>,
}

fn bad(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

impl ZstdReader {
    /// Begins the next frame; false at the end.
    fn begin(&mut self) -> io::Result<bool> {
        use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
        loop {
            if self.source.0.borrow_mut().fill_buf()?.is_empty() {
                return Ok(false);
            }
            match Frame::new(self.source.clone()) {
                Ok(frame) => {
                    self.frame = Some(Box::new(frame));
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.source.clone().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(bad(error)),
            }
        }
    }
}

impl Read for ZstdReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(frame) = &mut self.frame {
                let read = frame.read(bytes).map_err(bad)?;
                if read > 0 {
                    return Ok(read);
                }
                let (told, found) = (
                    frame.decoder.get_checksum_from_data(),
                    frame.decoder.get_calculated_checksum(),
                );
                self.frame = None;
                if told.is_some() && told != found {
                    return Err(bad("the checksum does not match"));
                }
            }
            if !self.begin()? {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text: Vec<u8> = (0..300_000_u32)
            .flat_map(|n| (n % 1013).to_string().into_bytes())
            .collect();
        for codec in [Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz] {
            let mut packed = Vec::new();
            codec.compress(&mut &*text, &mut packed, 6).unwrap();
            assert!(packed.len() < text.len() / 2, "{codec:?}");
            // Two of them, one after the other.
            let twice = [packed.clone(), packed.clone()].concat();
            assert_eq!(Codec::detect(&twice), Some(codec));
            let mut back = Vec::new();
            codec
                .decoder(Box::new(Cursor::new(twice)))
                .read_to_end(&mut back)
                .unwrap();
            assert!(back == [&*text, &*text].concat(), "{codec:?}");
            // Cut off, and damaged: an error, never a panic.
            let cut = packed[..packed.len() / 2].to_vec();
            assert!(
                codec
                    .decoder(Box::new(Cursor::new(cut)))
                    .read_to_end(&mut Vec::new())
                    .is_err(),
                "{codec:?}"
            );
            let mut damaged = packed;
            let middle = damaged.len() / 2;
            damaged[middle] ^= 0x55;
            assert!(
                codec
                    .decoder(Box::new(Cursor::new(damaged)))
                    .read_to_end(&mut Vec::new())
                    .is_err(),
                "{codec:?}"
            );
        }
    }
}

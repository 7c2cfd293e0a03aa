//! Deflate in its three coats, all at once or piece by piece.

use super::{bytes, fail};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use rquickjs::{Ctx, Function, Object, Result, TypedArray};

/// What one call gives out at most: a bomb is met here, before the memory limit of the sandbox.
const MOST: usize = 512 << 20;
/// Room added when the output is full.
const STEP: usize = 64 * 1024;

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    binding.set("deflate", Function::new(ctx.clone(), deflate)?)?;
    binding.set("inflate", Function::new(ctx.clone(), inflate)?)?;
    binding.set("crc32", Function::new(ctx.clone(), crc32)?)
}

fn crc(data: &[u8], start: u32) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    if start == 0 {
        return crc.sum();
    }
    let mut whole = !start;
    for byte in data {
        whole ^= u32::from(*byte);
        for _ in 0..8 {
            whole = if whole & 1 == 1 {
                whole >> 1 ^ 0xEDB8_8320
            } else {
                whole >> 1
            };
        }
    }
    !whole
}

fn crc32<'js>(ctx: Ctx<'js>, data: TypedArray<'js, u8>, start: u32) -> Result<u32> {
    Ok(crc(bytes(&ctx, &data)?, start))
}

/// `coat`: `raw`, `zlib` or `gzip`.
fn deflate<'js>(ctx: Ctx<'js>, data: TypedArray<'js, u8>, coat: String, level: u32) -> Result<TypedArray<'js, u8>> {
    let data = bytes(&ctx, &data)?;
    let mut state = Compress::new(Compression::new(level.min(9)), coat == "zlib");
    let mut out = Vec::with_capacity(data.len() / 2 + 64);
    if coat == "gzip" {
        // RFC 1952: no name, no time, made on Unix.
        out.extend([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]);
    }
    loop {
        out.reserve(STEP);
        let taken = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
        let status = state
            .compress_vec(data.get(taken..).unwrap_or_default(), &mut out, FlushCompress::Finish)
            .map_err(|error| fail(&ctx, &error.to_string()))?;
        if status == Status::StreamEnd {
            break;
        }
    }
    if coat == "gzip" {
        out.extend(crc(data, 0).to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
    }
    TypedArray::new(ctx, out)
}

/// The header of a gzip member; nothing if it is not whole.
fn gzip_header(data: &[u8]) -> Option<usize> {
    if data.get(..3)? != [0x1F, 0x8B, 8] {
        return None;
    }
    let flags = *data.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?]));
    }
    for bit in [8, 16] {
        if flags & bit != 0 {
            at += data.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    (at <= data.len()).then_some(at)
}

/// `coat`: `raw`, `zlib`, `gzip` (members one after another) or `auto` (gzip or zlib). At most `most` bytes come out.
fn inflate<'js>(ctx: Ctx<'js>, data: TypedArray<'js, u8>, coat: String, most: f64) -> Result<TypedArray<'js, u8>> {
    let data = bytes(&ctx, &data)?;
    let most = if most > 0.0 { (most as usize).min(MOST) } else { MOST };
    let gzip = coat == "gzip" || (coat == "auto" && data.starts_with(&[0x1F, 0x8B]));
    let mut out = Vec::with_capacity(data.len().saturating_mul(3).min(most));
    let mut rest = data;
    loop {
        if gzip {
            let header = gzip_header(rest).ok_or_else(|| fail(&ctx, "Z_DATA_ERROR incorrect header check"))?;
            rest = &rest[header..];
        }
        let before = out.len();
        let mut state = Decompress::new(!gzip && coat != "raw");
        loop {
            if out.len() > most {
                return Err(fail(&ctx, "ERR_BUFFER_TOO_LARGE"));
            }
            out.reserve(STEP);
            let taken = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
            let had = out.len();
            let status = state
                .decompress_vec(rest.get(taken..).unwrap_or_default(), &mut out, FlushDecompress::None)
                .map_err(|_| fail(&ctx, "Z_DATA_ERROR invalid deflate data"))?;
            if status == Status::StreamEnd {
                break;
            }
            let moved = usize::try_from(state.total_in()).unwrap_or(usize::MAX) != taken || out.len() != had;
            if !moved {
                return Err(fail(&ctx, "Z_BUF_ERROR unexpected end of file"));
            }
        }
        rest = rest
            .get(usize::try_from(state.total_in()).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
        if !gzip {
            break;
        }
        let trailer = rest
            .get(..8)
            .ok_or_else(|| fail(&ctx, "Z_BUF_ERROR unexpected end of file"))?;
        if trailer[..4] != crc(&out[before..], 0).to_le_bytes() {
            return Err(fail(&ctx, "Z_DATA_ERROR incorrect data check"));
        }
        rest = &rest[8..];
        if !rest.starts_with(&[0x1F, 0x8B]) {
            break;
        }
    }
    if out.len() > most {
        return Err(fail(&ctx, "ERR_BUFFER_TOO_LARGE"));
    }
    TypedArray::new(ctx, out)
}

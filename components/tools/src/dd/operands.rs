//! What stands on the command line: `if=F of=F bs=N ...`.

use std::ffi::OsString;

/// Blocks are held in memory.
const MOST_BLOCK: u64 = 256 << 20;
const BLOCK: usize = 512;

/// How much is reported in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Blocks, bytes, time.
    All,
    /// Blocks only.
    NoTransfer,
    /// Nothing but errors.
    None,
}

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Up to the end.
    All,
    /// So many reads.
    Blocks(u64),
    /// So many bytes.
    Bytes(u64),
}

impl Count {
    /// What is left after one read of so many bytes.
    pub fn after(self, bytes: u64) -> Self {
        match self {
            Self::All => Self::All,
            Self::Blocks(blocks) => Self::Blocks(blocks.saturating_sub(1)),
            Self::Bytes(left) => Self::Bytes(left.saturating_sub(bytes)),
        }
    }
}

/// A change of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// To upper case.
    Upper,
    /// To lower case.
    Lower,
}

/// All of it.
#[derive(Debug)]
pub struct Operands {
    /// Standard input if none.
    pub input: Option<String>,
    /// Standard output if none.
    pub output: Option<String>,
    /// Bytes of one read.
    pub input_block: usize,
    /// Bytes of one write.
    pub output_block: usize,
    /// `bs` was given: each block is written as it was read.
    pub one_block_size: bool,
    /// What is read.
    pub count: Count,
    /// Bytes passed over in the input.
    pub skip: u64,
    /// Bytes passed over in the output.
    pub seek: u64,
    /// Reads go on until a block is full.
    pub full_blocks: bool,
    /// Short blocks are filled with zeros.
    pub sync: bool,
    /// Letters are changed.
    pub case: Option<Case>,
    /// The output is cut off.
    pub truncate: bool,
    /// The output is made.
    pub create: bool,
    /// The output must not be there.
    pub exclusive: bool,
    /// Writes go to the end.
    pub append: bool,
    /// What is reported.
    pub status: Status,
}

/// A count of blocks, or of bytes if it ends in `B`.
#[derive(Clone, Copy)]
struct Amount {
    number: u64,
    bytes: bool,
}

impl Amount {
    fn in_bytes(self, block: usize, bytes: bool) -> Result<u64, String> {
        if bytes || self.bytes {
            return Ok(self.number);
        }
        let product = self.number.checked_mul(block as u64);
        product.ok_or_else(|| format!("invalid number: '{}'", self.number))
    }
}

/// Reads the operands.
pub fn parse(words: impl Iterator<Item = OsString>) -> Result<Operands, String> {
    let mut found = Operands {
        input: None,
        output: None,
        input_block: BLOCK,
        output_block: BLOCK,
        one_block_size: false,
        count: Count::All,
        skip: 0,
        seek: 0,
        full_blocks: false,
        sync: false,
        case: None,
        truncate: true,
        create: true,
        exclusive: false,
        append: false,
        status: Status::All,
    };
    let none = Amount {
        number: 0,
        bytes: false,
    };
    let (mut count, mut skip, mut seek, mut both) = (None, none, none, None);
    let (mut count_bytes, mut skip_bytes, mut seek_bytes) = (false, false, false);
    for word in words {
        let word = word.to_string_lossy().into_owned();
        let Some((name, value)) = word.split_once('=') else {
            return Err(format!("unrecognized operand '{word}'"));
        };
        match name {
            "if" => found.input = Some(value.into()),
            "of" => found.output = Some(value.into()),
            "bs" => both = Some(block(value)?),
            "ibs" => found.input_block = block(value)?,
            "obs" => found.output_block = block(value)?,
            "count" => count = Some(amount(value)?),
            "skip" | "iseek" => skip = amount(value)?,
            "seek" | "oseek" => seek = amount(value)?,
            "status" => {
                found.status = match value {
                    "none" => Status::None,
                    "noxfer" => Status::NoTransfer,
                    "progress" => Status::All,
                    _ => return Err(format!("invalid status level: '{value}'")),
                }
            }
            "conv" => {
                for symbol in value.split(',') {
                    match symbol {
                        "notrunc" => found.truncate = false,
                        "nocreat" => found.create = false,
                        "excl" => found.exclusive = true,
                        "sync" => found.sync = true,
                        "ucase" => found.case = Some(Case::Upper),
                        "lcase" => found.case = Some(Case::Lower),
                        // A sandbox's writes are as durable as its host makes them; reads that fail here fail again.
                        "fsync" | "fdatasync" | "noerror" => {}
                        _ => return Err(format!("invalid conversion: '{symbol}'")),
                    }
                }
            }
            "iflag" | "oflag" => {
                for symbol in value.split(',') {
                    match symbol {
                        "fullblock" => found.full_blocks = true,
                        "count_bytes" => count_bytes = true,
                        "skip_bytes" => skip_bytes = true,
                        "seek_bytes" => seek_bytes = true,
                        "append" => found.append = true,
                        // Hints to a kernel that is not here.
                        "direct" | "dsync" | "sync" | "nonblock" | "noatime" | "nocache" | "noctty" | "binary" => {}
                        _ => {
                            return Err(format!(
                                "invalid {} flag: '{symbol}'",
                                if name == "iflag" { "input" } else { "output" }
                            ));
                        }
                    }
                }
            }
            _ => return Err(format!("unrecognized operand '{word}'")),
        }
    }
    if let Some(size) = both {
        (found.input_block, found.output_block, found.one_block_size) = (size, size, true);
    }
    found.count = match count {
        None => Count::All,
        Some(amount) if amount.bytes || count_bytes => Count::Bytes(amount.number),
        Some(amount) => Count::Blocks(amount.number),
    };
    found.skip = skip.in_bytes(found.input_block, skip_bytes)?;
    found.seek = seek.in_bytes(found.output_block, seek_bytes)?;
    Ok(found)
}

fn block(text: &str) -> Result<usize, String> {
    match amount(text)?.number {
        size @ 1..=MOST_BLOCK => Ok(size as usize),
        _ => Err(format!("invalid number: '{text}'")),
    }
}

/// `5`, `4k`, `2M`, `1x1024`, `7B`.
fn amount(text: &str) -> Result<Amount, String> {
    let invalid = || format!("invalid number: '{text}'");
    let mut product: u64 = 1;
    let mut bytes = false;
    for factor in text.split('x') {
        let end = factor.find(|c: char| !c.is_ascii_digit()).unwrap_or(factor.len());
        let (digits, suffix) = factor.split_at(end);
        let number: u64 = digits.parse().map_err(|_| invalid())?;
        let unit: u64 = match suffix {
            "" | "c" => 1,
            "B" => {
                bytes = true;
                1
            }
            "w" => 2,
            "b" => 512,
            "k" | "K" | "KiB" => 1 << 10,
            "M" | "MiB" => 1 << 20,
            "G" | "GiB" => 1 << 30,
            "T" | "TiB" => 1 << 40,
            "kB" | "KB" => 1000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return Err(invalid()),
        };
        let factor = number.checked_mul(unit).ok_or_else(invalid)?;
        product = product.checked_mul(factor).ok_or_else(invalid)?;
    }
    Ok(Amount { number: product, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Operands, String> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn numbers() {
        for (text, number) in [("7", 7), ("4k", 4096), ("2x3", 6), ("1MB", 1_000_000), ("3b", 1536)] {
            assert_eq!(amount(text).map(|amount| amount.number), Ok(number));
        }
        for bad in ["", "k", "-1", "1y", "99999999999999999999", "9999999999T"] {
            assert!(amount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn operands_and_refusals() {
        let found = of(&["bs=1k", "skip=2", "seek=3", "count=4", "conv=notrunc"]).unwrap();
        assert_eq!((found.skip, found.seek, found.count), (2048, 3072, Count::Blocks(4)));
        assert!(!found.truncate && found.one_block_size);
        let found = of(&["skip=5", "iflag=skip_bytes,count_bytes", "count=9"]).unwrap();
        assert_eq!((found.skip, found.count), (5, Count::Bytes(9)));
        for bad in ["x", "y=1", "bs=0", "bs=1G", "conv=what", "status=loud", "iflag=what"] {
            assert!(of(&[bad]).is_err(), "{bad}");
        }
        assert!(of(&["bs=1M", "seek=99999999999999"]).is_err());
    }
}

//! tar, as GNU has it: creates, lists, extracts and appends; gzip, zstd, bzip2 and xz by themselves.

mod create;
mod extract;
mod header;
mod options;

use super::codec;
use crate::console;
use header::{Kind, Member};
use options::{Action, Options};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

const TROUBLE: i32 = 2;

/// Runs tar: 0, or 2 if anything went wrong.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let options = match options::parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => return 0,
        Err(message) => {
            console::complain("tar", message);
            return TROUBLE;
        }
    };
    let outcome = match options.action {
        Action::Create => create(&options),
        Action::Append => append(&options),
        Action::Extract | Action::List => read(&options),
    };
    match outcome {
        Ok(false) => 0,
        Ok(true) => {
            console::complain("tar", "Exiting with failure status due to previous errors");
            TROUBLE
        }
        Err(error) => {
            console::complain(
                "tar",
                format_args!("{}: {}", options.archive.display(), console::reason(&error)),
            );
            console::complain("tar", "Error is not recoverable: exiting now");
            TROUBLE
        }
    }
}

fn create(options: &Options) -> io::Result<bool> {
    if options.names.is_empty() {
        return Err(io::Error::other("Cowardly refusing to create an empty archive"));
    }
    let (out, own): (Box<dyn Write>, Option<u64>) = if options.archive == Path::new("-") {
        (Box::new(console::output()), None)
    } else {
        let file = File::create(&options.archive)?;
        let own = sandbar_guest_rt::files::status(&options.archive, true)
            .ok()
            .map(|status| status.inode);
        (Box::new(BufWriter::new(file)), own)
    };
    let Some(codec) = options.codec else {
        let mut writer = create::Writer::new(options, out, own);
        writer.add_all()?;
        return writer.finish().map(|(_, trouble)| trouble);
    };
    codec_writer(options, codec, out, own)
}

/// Compresses as it goes. Two of the encoders want to read, so the archive passes through memory a piece at a time where
/// it must, and as a stream where it can.
fn codec_writer(options: &Options, codec: codec::Codec, mut out: Box<dyn Write>, own: Option<u64>) -> io::Result<bool> {
    match codec {
        codec::Codec::Gzip => {
            let encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            let mut writer = create::Writer::new(options, encoder, own);
            writer.add_all()?;
            let (encoder, trouble) = writer.finish()?;
            encoder.finish()?.flush()?;
            Ok(trouble)
        }
        codec::Codec::Bzip2 => {
            let encoder = bzip2::write::BzEncoder::new(out, bzip2::Compression::best());
            let mut writer = create::Writer::new(options, encoder, own);
            writer.add_all()?;
            let (encoder, trouble) = writer.finish()?;
            encoder.finish()?.flush()?;
            Ok(trouble)
        }
        codec::Codec::Xz => {
            let encoder = lzma_rust2::XzWriter::new(&mut out, lzma_rust2::XzOptions::with_preset(6))?;
            let mut writer = create::Writer::new(options, encoder, own);
            writer.add_all()?;
            let (encoder, trouble) = writer.finish()?;
            encoder.finish()?;
            out.flush()?;
            Ok(trouble)
        }
        codec::Codec::Zstd => {
            let mut writer = create::Writer::new(options, Frames { out, piece: Vec::new() }, own);
            writer.add_all()?;
            let (mut frames, trouble) = writer.finish()?;
            frames.end()?;
            Ok(trouble)
        }
    }
}

/// Frames of zstd, each of a piece.
struct Frames {
    out: Box<dyn Write>,
    piece: Vec<u8>,
}

/// Bytes of one frame.
const FRAME: usize = 8 << 20;

impl Frames {
    fn end(&mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            codec::Codec::Zstd.compress(&mut &*self.piece, &mut self.out, 1)?;
            self.piece.clear();
        }
        self.out.flush()
    }
}

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= FRAME {
            self.end()?;
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Adds to the end of an archive that is not compressed.
fn append(options: &Options) -> io::Result<bool> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&options.archive)?;
    let mut start = [0; 6];
    let read = file.read(&mut start)?;
    if codec::Codec::detect(&start[..read]).is_some() {
        return Err(io::Error::other("Cannot update compressed archives"));
    }
    file.rewind()?;
    // The end of the last member, rounded to a block.
    let mut reader = header::Reader::new(io::BufReader::new(&file));
    let mut end = 0;
    while reader.next()?.is_some() {
        end = reader.position_after();
    }
    drop(reader);
    file.set_len(end)?;
    file.seek(io::SeekFrom::Start(end))?;
    let own = sandbar_guest_rt::files::status(&options.archive, true)
        .ok()
        .map(|status| status.inode);
    let mut writer = create::Writer::new(options, BufWriter::new(file), own);
    writer.add_all()?;
    writer.finish().map(|(_, trouble)| trouble)
}

fn read(options: &Options) -> io::Result<bool> {
    let input: Box<dyn Read> = if options.archive == Path::new("-") {
        Box::new(console::input())
    } else {
        Box::new(File::open(&options.archive)?)
    };
    let (found, stream) = codec::sniff(input)?;
    let mut stream: Box<dyn Read> = match found {
        Some(codec) => codec.decoder(Box::new(stream)),
        None => Box::new(io::BufReader::new(stream)),
    };
    if !options.directory.is_dir() {
        return Err(io::Error::other(format!(
            "{}: Cannot open: No such file or directory",
            options.directory.display()
        )));
    }
    let mut extractor = extract::Extractor::new(options);
    extractor.run(&mut stream)?;
    Ok(extractor.trouble)
}

/// A line for a member: its name, or as `ls -l` has it. On standard error if the archive or a file is on standard output.
fn show(member: &Member, long: bool, options: &Options) {
    let mut line = String::new();
    if long {
        line.push(match member.kind {
            Kind::Directory => 'd',
            Kind::Symlink => 'l',
            Kind::HardLink => 'h',
            _ => '-',
        });
        for shift in [6, 3, 0] {
            for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
                line.push(if member.mode >> shift & bit != 0 { letter } else { '-' });
            }
        }
        let name = |name: &str, id: u64| {
            if name.is_empty() || options.numeric {
                id.to_string()
            } else {
                name.to_owned()
            }
        };
        let owner = format!("{}/{}", name(&member.user, member.uid), name(&member.group, member.gid));
        // Owner and size share 19 columns, as GNU begins with.
        let size = member.size.to_string();
        let width = 19_usize.saturating_sub(owner.len() + 1).max(size.len());
        let time = crate::calendar::strftime("%Y-%m-%d %H:%M", member.modified);
        line.push_str(&format!(" {owner} {size:>width$} {time} "));
    }
    line.push_str(&escaped(&member.name));
    match member.kind {
        Kind::Symlink if long => line.push_str(&format!(" -> {}", escaped(&member.link))),
        Kind::HardLink if long => line.push_str(&format!(" link to {}", escaped(&member.link))),
        _ => {}
    }
    line.push('\n');
    let is_data = options.to_stdout || options.action == Action::Create && options.archive == Path::new("-");
    if is_data {
        let _ = io::stderr().write_all(line.as_bytes());
    } else {
        let mut out = console::output();
        let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    }
}

/// Control characters as escapes, so that names cannot drive the terminal.
fn escaped(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            '\\' => "\\\\".to_owned(),
            c if c.is_ascii_control() => format!("\\{:03o}", c as u32),
            c => c.to_string(),
        })
        .collect()
}

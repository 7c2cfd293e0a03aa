//! What the JavaScript side may ask of the system. Functions here are plain; the manners of node are in `js/`.
//!
//! A failure is thrown as a string: the name of a POSIX error (`ENOENT`), or a sentence.

mod crypto;
mod files;
mod handles;
mod process;
mod script;
mod sockets;
pub mod text;
mod tls;
mod url;
mod zlib;

use rquickjs::{Ctx, Error, Object, Result, String as JsString, TypedArray};

/// Everything, as one object.
pub fn install<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let binding = Object::new(ctx.clone())?;
    files::install(ctx, &binding)?;
    text::install(ctx, &binding)?;
    script::install(ctx, &binding)?;
    process::install(ctx, &binding)?;
    handles::install(ctx, &binding)?;
    sockets::install(ctx, &binding)?;
    tls::install(ctx, &binding)?;
    crypto::install(ctx, &binding)?;
    zlib::install(ctx, &binding)?;
    url::install(ctx, &binding)?;
    Ok(binding)
}

/// Throws a string.
fn fail(ctx: &Ctx<'_>, what: &str) -> Error {
    match JsString::from_str(ctx.clone(), what) {
        Ok(text) => ctx.throw(text.into_value()),
        Err(error) => error,
    }
}

/// Throws the name of an error of the system.
fn fail_io(ctx: &Ctx<'_>, error: &std::io::Error) -> Error {
    fail(ctx, name_of(error))
}

/// The bytes of an array of JavaScript's.
///
/// The slice must not be held over a call into the engine: a script could then detach the buffer. No function of this
/// crate does.
fn bytes<'a>(ctx: &Ctx<'_>, array: &'a TypedArray<'_, u8>) -> Result<&'a [u8]> {
    // SAFETY: see above; the array is alive and nobody else runs meanwhile.
    unsafe { array.as_bytes() }.ok_or_else(|| fail(ctx, "EINVAL"))
}

/// The same, to be written to.
#[allow(clippy::mut_from_ref)]
fn bytes_mut<'a>(ctx: &Ctx<'_>, array: &'a TypedArray<'_, u8>) -> Result<&'a mut [u8]> {
    let mut raw = array.as_raw().ok_or_else(|| fail(ctx, "EINVAL"))?;
    // SAFETY: as for `bytes`; only one slice of a buffer is made by any function here.
    Ok(unsafe { raw.as_mut() })
}

/// POSIX names of errors; EIO for what has none here.
fn name_of(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    const NAMES: &[(i32, &str)] = &[
        (libc::ENOENT, "ENOENT"),
        (libc::EEXIST, "EEXIST"),
        (libc::EACCES, "EACCES"),
        (libc::EPERM, "EPERM"),
        (libc::ENOTDIR, "ENOTDIR"),
        (libc::EISDIR, "EISDIR"),
        (libc::ENOTEMPTY, "ENOTEMPTY"),
        (libc::EINVAL, "EINVAL"),
        (libc::EBADF, "EBADF"),
        (libc::EBUSY, "EBUSY"),
        (libc::EXDEV, "EXDEV"),
        (libc::ELOOP, "ELOOP"),
        (libc::ENAMETOOLONG, "ENAMETOOLONG"),
        (libc::ENOSPC, "ENOSPC"),
        (libc::EDQUOT, "EDQUOT"),
        (libc::EROFS, "EROFS"),
        (libc::EMFILE, "EMFILE"),
        (libc::ENOMEM, "ENOMEM"),
        (libc::EPIPE, "EPIPE"),
        (libc::ESPIPE, "ESPIPE"),
        (libc::EAGAIN, "EAGAIN"),
        (libc::ENOTSUP, "ENOTSUP"),
        (libc::ENOSYS, "ENOSYS"),
        (libc::EFBIG, "EFBIG"),
        (libc::EMLINK, "EMLINK"),
    ];
    if let Some(code) = error.raw_os_error()
        && let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == code)
    {
        return name;
    }
    match error.kind() {
        Kind::NotFound => "ENOENT",
        Kind::AlreadyExists => "EEXIST",
        Kind::PermissionDenied => "EACCES",
        Kind::InvalidInput => "EINVAL",
        Kind::BrokenPipe => "EPIPE",
        _ => "EIO",
    }
}

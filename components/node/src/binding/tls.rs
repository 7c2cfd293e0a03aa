//! TLS sessions of the host, by number. The records go through sockets of ours.

use super::{bytes, fail};
use crate::world::sandbar::tls::client::{Error, Session, Settings};
use rquickjs::{Ctx, Function, Object, Result, TypedArray, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static SESSIONS: RefCell<(u32, BTreeMap<u32, Session>)> = const { RefCell::new((0, BTreeMap::new())) };
}

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    binding.set("tlsOpen", Function::new(ctx.clone(), open)?)?;
    binding.set("tlsTake", Function::new(ctx.clone(), take)?)?;
    binding.set("tlsGive", Function::new(ctx.clone(), give)?)?;
    binding.set("tlsEnd", Function::new(ctx.clone(), end)?)?;
    binding.set("tlsWrite", Function::new(ctx.clone(), write)?)?;
    binding.set("tlsRead", Function::new(ctx.clone(), read)?)?;
    binding.set("tlsHandshaking", Function::new(ctx.clone(), handshaking)?)?;
    binding.set("tlsDetails", Function::new(ctx.clone(), details)?)?;
    binding.set("tlsClose", Function::new(ctx.clone(), close)?)?;
    binding.set("tlsDrop", Function::new(ctx.clone(), forget)?)
}

/// A name of an error, or `CERT ` and why a certificate does not hold, or `TLS ` and what is wrong.
fn refuse(ctx: &Ctx<'_>, error: &Error) -> rquickjs::Error {
    match error {
        Error::Certificate(text) => fail(ctx, &format!("CERT {text}")),
        Error::Invalid(text) | Error::Protocol(text) => fail(ctx, &format!("TLS {text}")),
        Error::Closed => fail(ctx, "ECONNRESET"),
        Error::Limit => fail(ctx, "TLS too many sessions are open in this sandbox"),
    }
}

fn with<T>(ctx: &Ctx<'_>, number: u32, act: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
    SESSIONS.with(|sessions| {
        let sessions = sessions.borrow();
        sessions.1.get(&number).map_or_else(|| Err(fail(ctx, "EBADF")), act)
    })
}

fn open(ctx: Ctx<'_>, server_name: String, alpn: Vec<String>, roots: String, verify: bool) -> Result<u32> {
    let session = Session::open(&Settings {
        server_name,
        alpn,
        extra_roots: (!roots.is_empty()).then(|| roots.into_bytes()),
        verify,
    })
    .map_err(|error| refuse(&ctx, &error))?;
    SESSIONS.with(|sessions| {
        let mut sessions = sessions.borrow_mut();
        sessions.0 += 1;
        let number = sessions.0;
        sessions.1.insert(number, session);
        Ok(number)
    })
}

fn take<'js>(ctx: Ctx<'js>, number: u32) -> Result<TypedArray<'js, u8>> {
    let records = with(&ctx, number, |session| Ok(session.take_records()))?;
    TypedArray::new(ctx, records)
}

fn give<'js>(ctx: Ctx<'js>, number: u32, records: TypedArray<'js, u8>) -> Result<()> {
    let records = bytes(&ctx, &records)?;
    with(&ctx, number, |session| {
        session.give_records(records).map_err(|error| refuse(&ctx, &error))
    })
}

fn end(ctx: Ctx<'_>, number: u32) -> Result<()> {
    with(&ctx, number, |session| {
        session.give_end().map_err(|error| refuse(&ctx, &error))
    })
}

fn write<'js>(ctx: Ctx<'js>, number: u32, plain: TypedArray<'js, u8>, offset: usize) -> Result<u32> {
    let plain = bytes(&ctx, &plain)?.get(offset..).unwrap_or_default();
    let piece = &plain[..plain.len().min(64 * 1024)];
    with(&ctx, number, |session| {
        session.write(piece).map_err(|error| refuse(&ctx, &error))
    })
}

/// Bytes; null if there are none at the moment; false after the peer's close.
fn read<'js>(ctx: Ctx<'js>, number: u32) -> Result<Value<'js>> {
    match with(&ctx, number, |session| Ok(session.read(64 * 1024)))? {
        Ok(plain) if plain.is_empty() => Ok(Value::new_null(ctx)),
        Ok(plain) => Ok(TypedArray::new(ctx, plain)?.into_value()),
        Err(Error::Closed) => Ok(Value::new_bool(ctx, false)),
        Err(error) => Err(refuse(&ctx, &error)),
    }
}

fn handshaking(ctx: Ctx<'_>, number: u32) -> Result<bool> {
    with(&ctx, number, |session| Ok(session.handshaking()))
}

/// `[version, cipher, application protocol]`.
fn details(ctx: Ctx<'_>, number: u32) -> Result<Vec<String>> {
    with(&ctx, number, |session| {
        Ok(session.details().map_or_else(Vec::new, |details| {
            vec![details.version, details.cipher, details.alpn.unwrap_or_default()]
        }))
    })
}

fn close(ctx: Ctx<'_>, number: u32) -> Result<()> {
    with(&ctx, number, |session| {
        session.close();
        Ok(())
    })
}

fn forget(number: u32) {
    SESSIONS.with(|sessions| sessions.borrow_mut().1.remove(&number));
}

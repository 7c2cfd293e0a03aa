//! Hashes, and keys made from them.

use super::{bytes, fail};
use hmac::{Hmac, Mac};
use rquickjs::{Ctx, Function, Object, Result, TypedArray};
use sha2::Digest;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Hashes begun and not ended at most.
const MOST: usize = 10_000;

/// One in progress; each is cloned for `copy()`.
#[derive(Clone)]
enum State {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    HmacMd5(Hmac<md5::Md5>),
    HmacSha1(Hmac<sha1::Sha1>),
    HmacSha224(Hmac<sha2::Sha224>),
    HmacSha256(Hmac<sha2::Sha256>),
    HmacSha384(Hmac<sha2::Sha384>),
    HmacSha512(Hmac<sha2::Sha512>),
}

macro_rules! each {
    ($state:expr, $hash:ident => $use_hash:expr, $mac:ident => $use_mac:expr) => {
        match $state {
            State::Md5($hash) => $use_hash,
            State::Sha1($hash) => $use_hash,
            State::Sha224($hash) => $use_hash,
            State::Sha256($hash) => $use_hash,
            State::Sha384($hash) => $use_hash,
            State::Sha512($hash) => $use_hash,
            State::HmacMd5($mac) => $use_mac,
            State::HmacSha1($mac) => $use_mac,
            State::HmacSha224($mac) => $use_mac,
            State::HmacSha256($mac) => $use_mac,
            State::HmacSha384($mac) => $use_mac,
            State::HmacSha512($mac) => $use_mac,
        }
    };
}

impl State {
    fn hash(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5(md5::Md5::new()),
            "sha1" => Self::Sha1(sha1::Sha1::new()),
            "sha224" => Self::Sha224(sha2::Sha224::new()),
            "sha256" => Self::Sha256(sha2::Sha256::new()),
            "sha384" => Self::Sha384(sha2::Sha384::new()),
            "sha512" => Self::Sha512(sha2::Sha512::new()),
            _ => return None,
        })
    }

    fn hmac(name: &str, key: &[u8]) -> Option<Self> {
        Some(match name {
            "md5" => Self::HmacMd5(Hmac::new_from_slice(key).ok()?),
            "sha1" => Self::HmacSha1(Hmac::new_from_slice(key).ok()?),
            "sha224" => Self::HmacSha224(Hmac::new_from_slice(key).ok()?),
            "sha256" => Self::HmacSha256(Hmac::new_from_slice(key).ok()?),
            "sha384" => Self::HmacSha384(Hmac::new_from_slice(key).ok()?),
            "sha512" => Self::HmacSha512(Hmac::new_from_slice(key).ok()?),
            _ => return None,
        })
    }

    fn update(&mut self, data: &[u8]) {
        each!(self, hash => Digest::update(hash, data), mac => Mac::update(mac, data));
    }

    fn finish(self) -> Vec<u8> {
        each!(self, hash => hash.finalize().to_vec(), mac => mac.finalize().into_bytes().to_vec())
    }
}

thread_local! {
    static STATES: RefCell<(u32, BTreeMap<u32, State>)> = const { RefCell::new((0, BTreeMap::new())) };
}

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    binding.set("hashNew", Function::new(ctx.clone(), begin_hash)?)?;
    binding.set("hmacNew", Function::new(ctx.clone(), begin_hmac)?)?;
    binding.set("hashUpdate", Function::new(ctx.clone(), update)?)?;
    binding.set("hashFinal", Function::new(ctx.clone(), finish)?)?;
    binding.set("hashCopy", Function::new(ctx.clone(), copy)?)?;
    binding.set("pbkdf2", Function::new(ctx.clone(), pbkdf2)?)
}

fn keep(ctx: &Ctx<'_>, state: Option<State>) -> Result<u32> {
    let state = state.ok_or_else(|| fail(ctx, "Digest method not supported"))?;
    STATES.with(|states| {
        let mut states = states.borrow_mut();
        if states.1.len() >= MOST {
            return Err(fail(
                ctx,
                "too many hashes are in progress; call digest() on those that are done",
            ));
        }
        states.0 += 1;
        let number = states.0;
        states.1.insert(number, state);
        Ok(number)
    })
}

fn begin_hash(ctx: Ctx<'_>, name: String) -> Result<u32> {
    keep(&ctx, State::hash(&name))
}

fn begin_hmac<'js>(ctx: Ctx<'js>, name: String, key: TypedArray<'js, u8>) -> Result<u32> {
    keep(&ctx, State::hmac(&name, bytes(&ctx, &key)?))
}

fn update<'js>(ctx: Ctx<'js>, number: u32, data: TypedArray<'js, u8>) -> Result<()> {
    let data = bytes(&ctx, &data)?;
    STATES.with(|states| match states.borrow_mut().1.get_mut(&number) {
        Some(state) => {
            state.update(data);
            Ok(())
        }
        None => Err(fail(&ctx, "Digest already called")),
    })
}

fn finish<'js>(ctx: Ctx<'js>, number: u32) -> Result<TypedArray<'js, u8>> {
    let state = STATES.with(|states| states.borrow_mut().1.remove(&number));
    let state = state.ok_or_else(|| fail(&ctx, "Digest already called"))?;
    TypedArray::new(ctx, state.finish())
}

fn copy(ctx: Ctx<'_>, number: u32) -> Result<u32> {
    let state = STATES.with(|states| states.borrow().1.get(&number).cloned());
    if state.is_none() {
        return Err(fail(&ctx, "Digest already called"));
    }
    keep(&ctx, state)
}

/// PBKDF2 (RFC 8018) of a password.
fn pbkdf2<'js>(
    ctx: Ctx<'js>,
    name: String,
    password: TypedArray<'js, u8>,
    salt: TypedArray<'js, u8>,
    rounds: u32,
    length: usize,
) -> Result<TypedArray<'js, u8>> {
    let keyed = State::hmac(&name, bytes(&ctx, &password)?).ok_or_else(|| fail(&ctx, "Invalid digest"))?;
    let salt = bytes(&ctx, &salt)?;
    let mut out = Vec::with_capacity(length);
    let mut block = 1_u32;
    while out.len() < length {
        let mut mac = keyed.clone();
        mac.update(salt);
        mac.update(&block.to_be_bytes());
        let mut last = mac.finish();
        let mut sum = last.clone();
        for _ in 1..rounds {
            let mut mac = keyed.clone();
            mac.update(&last);
            last = mac.finish();
            sum.iter_mut().zip(&last).for_each(|(into, byte)| *into ^= byte);
        }
        out.extend(sum);
        block += 1;
    }
    out.truncate(length);
    TypedArray::new(ctx, out)
}

//! AWS Signature Version 4 in the Authorization header, as S3 uses it: paths are encoded once.

use hmac::{Hmac, Mac};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Longest Authorization header that is looked at.
const MAX_HEADER: usize = 4 << 10;
/// Most headers that a signature names.
const MAX_SIGNED: usize = 64;

/// The parts of an Authorization header.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// Names the credentials.
    pub access_key: &'a str,
    /// `YYYYMMDD`
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed: Vec<&'a str>,
    signature: &'a str,
}

/// What of a request is signed beside its headers.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// As sent.
    pub method: &'a str,
    /// As sent, percent-encoded.
    pub path: &'a str,
    /// As sent, without `?`.
    pub query: &'a str,
    /// `x-amz-date`
    pub time: &'a str,
    /// `x-amz-content-sha256`
    pub payload: &'a str,
}

/// Takes a header apart; none if it is not of this kind.
pub fn parse(authorization: &str) -> Option<Signature<'_>> {
    if authorization.len() > MAX_HEADER {
        return None;
    }
    let fields = authorization.strip_prefix(ALGORITHM)?.trim_start();
    let (mut credential, mut signed, mut signature) = (None, None, None);
    for field in fields.split(',') {
        match field.trim().split_once('=')? {
            ("Credential", value) => credential = Some(value),
            ("SignedHeaders", value) => signed = Some(value),
            ("Signature", value) => signature = Some(value),
            _ => return None,
        }
    }
    let parts: Vec<&str> = credential?.split('/').collect();
    let [access_key, date, region, service, "aws4_request"] = parts[..] else {
        return None;
    };
    let signed: Vec<&str> = signed?.split(';').collect();
    if signed.len() > MAX_SIGNED {
        return None;
    }
    Some(Signature {
        access_key,
        date,
        region,
        service,
        signed,
        signature: signature?,
    })
}

impl Signature<'_> {
    /// Whether it is over this request, with this secret, and covers `needed` headers.
    pub fn proves(&self, secret: &str, subject: Subject<'_>, headers: &HeaderMap, needed: &[&str]) -> bool {
        let covers = |name: &&str| self.signed.contains(name);
        let dated = subject.time.get(..8) == Some(self.date);
        if !needed.iter().all(covers) || !dated {
            return false;
        }
        let Some(canonical) = self.canonical(subject, headers) else {
            return false;
        };
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let text = format!(
            "{ALGORITHM}\n{}\n{scope}\n{}",
            subject.time,
            hex::encode(Sha256::digest(canonical))
        );
        let key = [self.date, self.region, self.service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
                mac(&key, part.as_bytes())
            });
        let expected = hex::encode(mac(&key, text.as_bytes()));
        expected.as_bytes().ct_eq(self.signature.as_bytes()).into()
    }

    fn canonical(&self, subject: Subject<'_>, headers: &HeaderMap) -> Option<String> {
        let mut pairs: Vec<(String, String)> = subject
            .query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((encode(&decode(name)?, true), encode(&decode(value)?, true)))
            })
            .collect::<Option<_>>()?;
        pairs.sort();
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut named = String::new();
        for name in &self.signed {
            let mut values = Vec::new();
            for value in headers.get_all(*name) {
                let value = std::str::from_utf8(value.as_bytes()).ok()?;
                values.push(value.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
            }
            // A header that is named and not there is signed by nobody.
            if values.is_empty() {
                return None;
            }
            named.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        Some(format!(
            "{}\n{}\n{}\n{named}\n{}\n{}",
            subject.method,
            encode(&decode(subject.path)?, false),
            query.join("&"),
            self.signed.join(";"),
            subject.payload
        ))
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Takes percent-encoding away; none if it is broken.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(bytes)
}

/// Percent-encodes all but letters, digits and `-._~`; slashes only if asked.
pub fn encode(bytes: &[u8], slashes: bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (byte == b'/' && !slashes);
        if plain {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples that AWS publishes for S3: same key, day and bucket.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert("host", "examplebucket.s3.amazonaws.com".parse().expect("a value"));
        map.insert("x-amz-date", "20130524T000000Z".parse().expect("a value"));
        for (name, value) in pairs {
            map.insert(*name, value.parse().expect("a value"));
        }
        map
    }

    fn proves(subject: Subject<'_>, headers: &HeaderMap, signed: &str, signature: &str) -> bool {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={signed},Signature={signature}"
        );
        parse(&header)
            .expect("a header")
            .proves(SECRET, subject, headers, &["host"])
    }

    fn get<'a>(path: &'a str, query: &'a str) -> Subject<'a> {
        Subject {
            method: "GET",
            path,
            query,
            time: "20130524T000000Z",
            payload: EMPTY,
        }
    }

    #[test]
    fn published_examples() {
        let plain = headers(&[("x-amz-content-sha256", EMPTY)]);
        let signed = "host;x-amz-content-sha256;x-amz-date";
        let list = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        assert!(proves(get("/", "max-keys=2&prefix=J"), &plain, signed, list));
        assert!(
            proves(get("/", "prefix=J&max-keys=2"), &plain, signed, list),
            "order means nothing"
        );
        let lifecycle = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543";
        assert!(proves(get("/", "lifecycle"), &plain, signed, lifecycle));
        let ranged = headers(&[("x-amz-content-sha256", EMPTY), ("range", "bytes=0-9")]);
        let object = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        let names = "host;range;x-amz-content-sha256;x-amz-date";
        assert!(proves(get("/test.txt", ""), &ranged, names, object));
        let hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        let put = Subject {
            method: "PUT",
            path: "/test%24file.text",
            payload: hash,
            ..get("", "")
        };
        let stored = headers(&[
            ("x-amz-content-sha256", hash),
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ]);
        let names = "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class";
        let signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
        assert!(proves(put, &stored, names, signature));
        assert!(proves(
            Subject {
                path: "/test$file.text",
                ..put
            },
            &stored,
            names,
            signature
        ));
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let plain = headers(&[("x-amz-content-sha256", EMPTY)]);
        let signed = "host;x-amz-content-sha256;x-amz-date";
        let list = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        let subject = get("/", "max-keys=2&prefix=J");
        for changed in [
            Subject {
                method: "PUT",
                ..subject
            },
            Subject { path: "/x", ..subject },
            Subject { path: "/%", ..subject },
            Subject {
                query: "max-keys=3&prefix=J",
                ..subject
            },
            Subject {
                time: "20130525T000000Z",
                ..subject
            },
            Subject {
                payload: "UNSIGNED-PAYLOAD",
                ..subject
            },
        ] {
            assert!(!proves(changed, &plain, signed, list));
        }
        let mut other = plain.clone();
        other.insert("host", "elsewhere".parse().expect("a value"));
        assert!(!proves(subject, &other, signed, list));
        assert!(!proves(subject, &plain, "host;x-amz-date", list));
        assert!(!proves(
            subject,
            &plain,
            "host;x-amz-content-sha256;x-amz-date;x-none",
            list
        ));
        for header in [
            "",
            "Bearer x",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
            "AWS4-HMAC-SHA256 X=1",
        ] {
            assert_eq!(parse(header), None, "{header}");
        }
    }
}

//! URLs by the WHATWG's rules.

use super::fail;
use rquickjs::{Ctx, Function, Object, Result};
use url::Url;

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    binding.set("urlParse", Function::new(ctx.clone(), parse)?)?;
    binding.set("urlSet", Function::new(ctx.clone(), set)?)?;
    binding.set("domainToAscii", Function::new(ctx.clone(), domain_to_ascii)?)
}

/// `[href, origin, protocol, username, password, host, hostname, port, pathname, search, hash]`
fn parts(url: &Url) -> Vec<String> {
    use url::quirks;
    [
        quirks::href(url),
        &quirks::origin(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn parse(ctx: Ctx<'_>, text: String, base: String) -> Result<Vec<String>> {
    let parsed = if base.is_empty() {
        Url::parse(&text)
    } else {
        Url::parse(&base).and_then(|base| base.join(&text))
    };
    parsed.map(|url| parts(&url)).map_err(|_| fail(&ctx, "ERR_INVALID_URL"))
}

/// The parts after a change of one; what is not valid changes nothing.
fn set(ctx: Ctx<'_>, href: String, part: String, value: String) -> Result<Vec<String>> {
    use url::quirks;
    let mut url = Url::parse(&href).map_err(|_| fail(&ctx, "ERR_INVALID_URL"))?;
    // A refused value leaves the URL as it is, which is what the setters of URL do.
    match part.as_str() {
        "href" => quirks::set_href(&mut url, &value).map_err(|_| fail(&ctx, "ERR_INVALID_URL"))?,
        "protocol" => drop(quirks::set_protocol(&mut url, &value)),
        "username" => drop(quirks::set_username(&mut url, &value)),
        "password" => drop(quirks::set_password(&mut url, &value)),
        "host" => drop(quirks::set_host(&mut url, &value)),
        "hostname" => drop(quirks::set_hostname(&mut url, &value)),
        "port" => drop(quirks::set_port(&mut url, &value)),
        "pathname" => quirks::set_pathname(&mut url, &value),
        "search" => quirks::set_search(&mut url, &value),
        _ => quirks::set_hash(&mut url, &value),
    }
    Ok(parts(&url))
}

fn domain_to_ascii(domain: String) -> String {
    url::quirks::domain_to_ascii(&domain)
}

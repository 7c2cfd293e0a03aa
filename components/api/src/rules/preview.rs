//! URLs under which a sandbox's ports and its shell are reached.

use crate::http::Problem;

/// Seconds that a signed URL is good for, if nobody says.
pub const SIGNED: u64 = 60;
/// Seconds that a signed URL is good for at most: a day.
pub const SIGNED_MOST: u64 = 86_400;
/// Minutes that a grant for SSH is good for, if nobody says.
pub const SSH: u64 = 60;
/// Minutes that a grant for SSH is good for at most: a week.
pub const SSH_MOST: u64 = 7 * 24 * 60;
/// Characters of the token in a signed URL. A host's label has 63 with port and hyphen, in lower case.
pub const TOKEN: usize = 16;
/// Ports of a sandbox's own services, which no public preview reaches.
pub const PRIVATE_PORTS: [u16; 3] = [22222, 2280, 33333];

/// Reads the number of a port; 400 for what is none.
pub fn port(text: &str) -> Result<u16, Problem> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Problem::BadRequest(format!("port: {text:?} is not in 1 to 65535"))),
    }
}

/// Scheme and authority of a URL.
fn origin(base: &str) -> (&str, &str) {
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    (scheme, rest.split(['/', '?']).next().unwrap_or(rest))
}

/// The URL of a port: the base's with `<port>-<name>.` before its host, where the name is a sandbox's id or a signed
/// token. The base is the region's proxy, or the front's toolbox.
pub fn url(base: &str, port: u16, name: &str) -> String {
    let (scheme, authority) = origin(base);
    format!("{scheme}://{port}-{name}.{authority}")
}

/// Where a runner dials: `/link` of the region's proxy, or of the plane's front. Empty for a base on the plane's own
/// machine, which another machine cannot mean: a runner then dials where it found the API.
pub fn link(base: &str) -> String {
    let (scheme, authority) = origin(base);
    let near = ["127.", "localhost", "[::1]", "0.0.0.0", "[::]"];
    if near.iter().any(|name| authority.starts_with(name)) {
        return String::new();
    }
    format!("{scheme}://{authority}/link")
}

/// Where a runner dials in a region with a proxy: that proxy, wherever it is.
pub fn proxy_link(proxy: &str) -> String {
    let (scheme, authority) = origin(proxy);
    format!("{scheme}://{authority}/link")
}

/// Scheme and authority of the front.
pub fn front(base: &str) -> String {
    let (scheme, authority) = origin(base);
    format!("{scheme}://{authority}")
}

/// The base of the toolboxes behind a region's proxy.
pub fn toolbox(proxy: &str) -> String {
    format!("{}/toolbox", proxy.trim_end_matches('/'))
}

/// A token of lower-case letters and digits, from random bytes. 36 divides 252, so that every character is as likely;
/// none if too many of the bytes lie above.
pub fn token(random: &[u8]) -> Option<String> {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let even = random.iter().filter(|byte| **byte < 252).take(TOKEN);
    let token: String = even.map(|byte| char::from(ALPHABET[usize::from(byte % 36)])).collect();
    (token.len() == TOKEN).then_some(token)
}

/// The command that opens a shell through an SSH gateway.
pub fn ssh_command(gateway: &str, token: &str) -> String {
    let rest = gateway.split_once("://").map_or(gateway, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    match authority.rsplit_once(':') {
        Some((host, port)) if port != "22" && port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() => {
            format!("ssh -p {port} {token}@{host}")
        }
        Some((host, "22")) => format!("ssh {token}@{host}"),
        _ => format!("ssh {token}@{authority}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_names_before_the_host() {
        assert_eq!(
            url("http://127.0.0.1:3986/toolbox", 3000, "abc"),
            "http://3000-abc.127.0.0.1:3986"
        );
        assert_eq!(
            url("https://proxy.lab.example", 80, "abc"),
            "https://80-abc.proxy.lab.example"
        );
        assert_eq!(link("https://proxy.lab.example/x"), "https://proxy.lab.example/link");
        assert_eq!(link("http://127.0.0.1:3986/toolbox"), "");
    }

    #[test]
    fn ports() {
        assert_eq!((port("1"), port("65535")), (Ok(1), Ok(65_535)));
        for bad in ["0", "65536", "-1", "x", ""] {
            assert_eq!(port(bad).map_err(|problem| problem.status()), Err(400), "{bad}");
        }
    }

    #[test]
    fn tokens_are_sixteen_of_thirty_six() {
        assert_eq!(token(&[0; 32]).as_deref(), Some("aaaaaaaaaaaaaaaa"));
        assert_eq!(token(&[255; 32]), None);
        assert_eq!(token(&[1; 15]), None);
        let mixed: Vec<u8> = (240..=255).chain(0..=19).collect();
        let made = token(&mixed).expect("enough bytes");
        assert!(made.len() == TOKEN && made.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    }

    #[test]
    fn commands_name_the_port_unless_it_is_the_usual_one() {
        assert_eq!(
            ssh_command("ssh://gate.example:2222", "t"),
            "ssh -p 2222 t@gate.example"
        );
        assert_eq!(ssh_command("gate.example:22", "t"), "ssh t@gate.example");
        assert_eq!(ssh_command("https://gate.example/", "t"), "ssh t@gate.example");
    }
}

//! The few XML documents of S3.

/// Text as it may stand in XML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Not allowed in XML 1.0 in any form.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A document: one element with others in it, or with text.
pub fn document(root: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{content}</{root}>"
    )
}

/// `<name>text</name>`
pub fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// The numbers of the parts that a client wants joined, in its order; none if it is no such list.
pub fn parts(text: &str) -> Option<Vec<u32>> {
    text.contains("<CompleteMultipartUpload").then_some(())?;
    text.split("<Part>")
        .skip(1)
        .map(|part| {
            let part = part.split("</Part>").next()?;
            let (_, rest) = part.split_once("<PartNumber>")?;
            rest.split_once("</PartNumber>")?.0.trim().parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(
            element("Key", "a<b>&\"c\u{1}"),
            "<Key>a&lt;b&gt;&amp;&quot;c\u{fffd}</Key>"
        );
    }

    #[test]
    fn part_lists() {
        let text = "<CompleteMultipartUpload xmlns=\"x\"><Part><ETag>\"a\"</ETag><PartNumber>1</PartNumber></Part>\n<Part><PartNumber> 2 </PartNumber><ETag>b</ETag></Part></CompleteMultipartUpload>";
        assert_eq!(parts(text), Some(vec![1, 2]));
        assert_eq!(parts("<CompleteMultipartUpload/>"), Some(vec![]));
        for bad in [
            "",
            "<x>",
            "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part>",
        ] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}

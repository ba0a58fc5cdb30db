//! A mail as the bytes that travel: headers, plain text, attachments.
//!
//! Invariant: nothing in a mail can add a header or a recipient; every line is ASCII and ends in CR LF.

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use super::Mail;

/// The largest text and the largest attachments together, in bytes. Many servers take 10 MB, of which a third is encoding.
const BYTES_MAX: usize = 7_000_000;
const ATTACHMENTS_MAX: usize = 10;
/// The longest header that is taken from outside, in characters.
const HEADER_LEN_MAX: usize = 500;

/// Builds it.
///
/// # Errors
/// Why it cannot be sent, in a few words without private data.
pub(super) fn build(mail: &Mail) -> Result<Message, String> {
    let bytes: usize = mail
        .attachments
        .iter()
        .map(|attachment| attachment.bytes.len())
        .sum();
    if bytes.saturating_add(mail.text.len()) > BYTES_MAX || mail.attachments.len() > ATTACHMENTS_MAX {
        return Err("the mail is too large".to_owned());
    }
    if !is_message_id(&mail.message_id) {
        return Err("the mail's Message-ID is none".to_owned());
    }
    let mut builder = Message::builder()
        .from(mailbox(&mail.from, "the sender's address is none")?)
        .to(mailbox(&mail.to, "the recipient's address is none")?)
        .subject(one_line(&mail.subject))
        .message_id(Some(mail.message_id.clone()));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(reply_to, "the address for answers is none")?);
    }
    let text = SinglePart::plain(mail.text.clone());
    let built = if mail.attachments.is_empty() {
        builder.singlepart(text)
    } else {
        let mut parts = MultiPart::mixed().singlepart(text);
        for attachment in &mail.attachments {
            let kind = ContentType::parse(&attachment.mime)
                .map_err(|_| "an attachment's kind is none".to_owned())?;
            let named = Attachment::new(one_line(&attachment.name));
            parts = parts.singlepart(named.body(attachment.bytes.clone(), kind));
        }
        builder.multipart(parts)
    };
    built.map_err(|_| "the mail cannot be written".to_owned())
}

/// Whether a mail can be sent in this name, or to it: `stop@shop.example`, `福记小吃 <stop@shop.example>`.
pub(super) fn is_mailbox(text: &str) -> bool {
    mailbox(text, "").is_ok()
}

fn mailbox(text: &str, otherwise: &str) -> Result<Mailbox, String> {
    let is_sound = text.chars().count() <= HEADER_LEN_MAX && !text.contains(char::is_control);
    let mailbox = text.parse().ok().filter(|_| is_sound);
    mailbox.ok_or_else(|| otherwise.to_owned())
}

fn one_line(text: &str) -> String {
    let line = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    line.take(HEADER_LEN_MAX).collect()
}

/// `<left@right>`, of printable ASCII.
fn is_message_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    let halves = inner.and_then(|inner| inner.split_once('@'));
    let is_half = |half: &str| {
        let is_word = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'@');
        !half.is_empty() && half.bytes().all(is_word)
    };
    text.len() <= 200 && halves.is_some_and(|(left, right)| is_half(left) && is_half(right))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::letter;
    use super::*;

    fn headers(mail: &Mail) -> Vec<String> {
        let bytes = build(mail).unwrap().formatted();
        let text = String::from_utf8(bytes).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        // A line that begins with a blank goes on.
        let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        let names = lines.map(|line| line.split(':').next().unwrap().to_owned());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    const HEADERS: [&str; 8] = [
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "Reply-To",
        "Subject",
        "To",
    ];

    #[test]
    fn a_mail_has_these_headers_and_no_others() {
        assert_eq!(headers(&letter()), HEADERS);
    }

    #[test]
    fn what_is_no_address_or_no_message_id_is_not_sent() {
        let spoilt = |spoil: fn(&mut Mail)| {
            let mut mail = letter();
            spoil(&mut mail);
            build(&mail).err()
        };
        let sender = Some("the sender's address is none".to_owned());
        assert_eq!(spoilt(|mail| mail.from = "shop".into()), sender);
        assert_eq!(
            spoilt(|mail| mail.from = "a@b.test\r\nBcc: c@d.test".into()),
            sender
        );
        let recipient = Some("the recipient's address is none".to_owned());
        assert_eq!(spoilt(|mail| mail.to = String::new()), recipient);
        assert_eq!(spoilt(|mail| mail.to = "a@b.test, c@d.test".into()), recipient);
        let id = Some("the mail's Message-ID is none".to_owned());
        for none in [
            "",
            "a@b",
            "<a>",
            "<a@>",
            "<a b@c>",
            "<a@b>\r\nBcc: c@d.test",
            "<店@b>",
        ] {
            let mail = Mail {
                message_id: none.into(),
                ..letter()
            };
            assert_eq!(build(&mail).err(), id, "{none}");
        }
        let large = Some("the mail is too large".to_owned());
        assert_eq!(spoilt(|mail| mail.text = "x".repeat(BYTES_MAX)), large);
    }

    proptest! {
        #[test]
        fn no_subject_text_or_file_name_adds_a_header_or_leaves_ascii(subject in any::<String>(), text in any::<String>(), name in any::<String>()) {
            let mut mail = Mail { subject, text, ..letter() };
            mail.attachments[0].name = name;
            prop_assert_eq!(headers(&mail), HEADERS);
            let bytes = build(&mail).unwrap().formatted();
            prop_assert!(bytes.is_ascii());
            let is_bare = |pair: &[u8]| (pair[1] == b'\n') != (pair[0] == b'\r');
            prop_assert!(!bytes.windows(2).any(is_bare));
        }
    }
}

//! Streams of documents: what is read, what is refused, and where.

use super::*;
use crate::exit::status_of;
use proptest::prelude::*;

fn read(text: &str) -> Vec<Result<String, String>> {
    Documents::new(text.as_bytes(), "input")
        .map(|document| match document {
            Ok(document) => Ok(serde_json::to_string(&*document).unwrap()),
            Err(err) => {
                assert_eq!(status_of(&err), Exit::Data);
                Err(err.to_string())
            }
        })
        .collect()
}

#[test]
fn one_line_pretty_printed_and_several_in_a_row_are_all_streams() {
    let expected = vec![Ok(r#"{"b":1,"a":{"c":[]}}"#.to_owned()), Ok("{}".to_owned())];
    assert_eq!(read("{\"b\":1,\"a\":{\"c\":[]}}\n{}\n"), expected);
    assert_eq!(read("{\n  \"b\": 1,\n  \"a\": {\"c\": []}\n}\r\n\t{ }"), expected);
    assert_eq!(read("{\"b\":1,\"a\":{\"c\":[]}}{}"), expected);
    assert_eq!(read(" \n"), vec![]);
}

#[test]
fn errors_name_line_and_column_and_end_the_stream() {
    for (text, message) in [
        ("{}\n{\"a\" 1}\n{}", "input, line 2, column 6: expected `:`"),
        ("{\"a\":NaN}", "input, line 1, column 6: expected value"),
        ("{\"a\":-Infinity}", "input, line 1, column 7: invalid number"),
        ("[1]", "input, line 1, column 3: a document is a JSON object"),
        ("{\"a\":1,\n\"a\":2}", "input, line 2, column 4: duplicate key `a`"),
        ("{\"a\":\"\\ud800\"}", "input, line 1, column 13: "),
        ("{\"a\":\"\u{1}\"}", "input, line 1, column 7: control character"),
        ("{", "input, line 1, column 1: EOF while parsing"),
    ] {
        let error = read(text).pop().unwrap().unwrap_err();
        assert!(error.starts_with(message), "{text:?} gave {error:?}");
    }
    assert_eq!(read("{}x{}").len(), 2);
}

#[test]
fn nesting_over_64_and_documents_over_1_mib_are_refused() {
    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(read(&nested(64))[0].is_ok());
    assert!(read(&nested(65))[0].as_ref().unwrap_err().contains("more than 64 levels of nesting"));
    assert!(read(&format!("{{\"a\":{}", "[".repeat(100_000)))[0].is_err());

    let sized = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
    assert!(read(&sized(LARGEST))[0].is_ok());
    assert!(read(&sized(LARGEST + 1))[0].as_ref().unwrap_err().contains("larger than 1 MiB"));
}

#[test]
fn a_long_stream_of_documents_is_no_large_document() {
    let text = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1000)).repeat(3000);
    assert_eq!(read(&text).into_iter().flatten().count(), 3000);
}

#[test]
fn a_document_is_handed_out_before_the_stream_ends() {
    struct Endless(usize);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert_eq!(self.0, 0, "read on after a whole document");
            self.0 += 1;
            buffer[..2].copy_from_slice(b"{}");
            Ok(2)
        }
    }
    assert!(Documents::new(Endless(0), "input").next().unwrap().is_ok());
}

#[test]
fn a_line_that_is_here_whole_is_read_as_it_is_byte_by_byte() {
    /// Hands out one byte at a time, so that no line is ever here whole.
    struct Drops<'a>(&'a [u8]);
    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(1);
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }
    fn told<R: Read>(documents: Documents<R>) -> Vec<String> {
        let told = |document: anyhow::Result<Document>| match document {
            Ok(document) => format!("{:?} {}", document.begin(), serde_json::to_string(&*document).unwrap()),
            Err(err) => err.to_string(),
        };
        documents.map(told).collect()
    }
    for text in [
        "{\"a\":1}\n{\"b\":2}\n",
        "\n\n  {\"a\":1} \r\n\t{\"b\":[{}]}\n\n{\n\"c\":3\n}\n{\"d\":4}",
        "{}{}\n{} {}\n",
        "{\"a\":1}\n{\"a\":1,\"a\":2}\n{}\n",
        "{\"a\":1}\n\u{c}{}\n{}\n",
        "{}\n[1]\n{}\n",
        "{}\n7 {}\n",
        "{}\n{\"a\": nul}\n{}\n",
    ] {
        let whole = told(Documents::new(text.as_bytes(), "input"));
        assert_eq!(whole, told(Documents::new(Drops(text.as_bytes()), "input")), "{text:?}");
    }
}

#[test]
fn wrong_types_are_errors_and_null_is_absent() {
    let document = parse(br#"{"a":1,"b":null}"#, "x").unwrap();
    assert_eq!(status_of(&document.text("a").unwrap_err()), Exit::Data);
    assert_eq!(document.text("b").unwrap(), None);
    assert_eq!(document.whole("a").unwrap(), Some(1));
}

#[test]
fn a_wrong_type_names_the_place_where_its_document_began() {
    let input = "{\"a\":\"x\"}\n\n  {\n \"a\": 5,\n \"b\": [1], \"c\": 1}{\"a\":[]}";
    let documents: Vec<_> = Documents::new(input.as_bytes(), "input").map(Result::unwrap).collect();
    assert_eq!(documents[0].text("a").unwrap(), Some("x"));
    let message = |err: anyhow::Error| {
        assert_eq!(status_of(&err), Exit::Data);
        err.to_string()
    };
    let second = &documents[1];
    assert_eq!(message(second.text("a").unwrap_err()), "document at line 3, column 3: `a` is not a string");
    assert_eq!(
        message(second.texts("b").unwrap_err()),
        "document at line 3, column 3: `b` is not a list of strings"
    );
    assert_eq!(
        message(second.clone().flag("c").unwrap_err()),
        "document at line 3, column 3: `c` is not true or false"
    );
    assert_eq!(
        message(documents[2].whole("a").unwrap_err()),
        "document at line 5, column 19: `a` is not a whole number"
    );
    // What didn't come out of a stream has no place; where it came from makes no other document of it.
    let made = Document::new().with("a", Value::Array(Vec::new()));
    assert_eq!(message(made.text("a").unwrap_err()), "`a` of the document is not a string");
    assert_eq!(made, documents[2]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Documents::new(bytes.as_slice(), "input").count();
        let _ = parse(&bytes, "input");
    }

    #[test]
    fn what_was_written_reads_back_in_order(pairs in prop::collection::vec((".*", any::<f64>()), 0..8)) {
        let mut document = Document::new();
        for (key, number) in pairs {
            document.set(&key, if number.is_finite() { Value::from(number) } else { Value::Null });
        }
        let line = serde_json::to_string(&*document).unwrap();
        let back = Documents::new(line.as_bytes(), "input").next().unwrap().unwrap();
        prop_assert_eq!(serde_json::to_string(&*back).unwrap(), line);
    }
}

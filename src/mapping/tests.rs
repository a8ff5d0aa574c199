//! The language as a whole: faults and their places, keys, several mappings, properties, and the examples of the docs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::origin::tests::ORIGIN;
use super::*;
use crate::decode::record::Header;
use crate::json::parse;
use crate::number::Number;

const KEY: &str = r#""key":{"partition":"id"},"types":{"id":"S"}"#;

fn error(text: &str) -> String {
    Mappings::compile(text).unwrap_err().to_string()
}

fn map(mapping: &str, document: &str) -> Mapped {
    Mappings::compile(mapping).unwrap().map(&parse(document).unwrap(), &ORIGIN)
}

fn item(mapping: &str, document: &str) -> Item {
    match map(mapping, document) {
        Mapped::Item(item) => item,
        other => panic!("{document}: {other:?}"),
    }
}

fn rejected(mapping: &str, document: &str) -> (Reason, String) {
    match map(mapping, document) {
        Mapped::Rejected(rejection) => (rejection.reason, rejection.message),
        other => panic!("{document}: {other:?}"),
    }
}

#[test]
fn an_error_names_its_place_and_what_would_be_right() {
    assert_eq!(
        error("{\n  \"key\": {\"partition\": \"id\"},\n  \"types\": {\"id\": \"S\"},\n  \"item\": {\"id\": \"{@bacth}\"}\n}"),
        "mapping, line 4 column 18 (/item/id): unknown placeholder `@bacth`: did you mean `@batch`?"
    );
    assert_eq!(error("{\"key\": }"), "mapping, line 1 column 9: not JSON: expected a JSON value");
    assert_eq!(error("[]"), "mapping, line 1 column 1: an array of mappings needs at least one");
    assert_eq!(error(" [1]"), "mapping, line 1 column 3 (/0): an object belongs here, not a number");
}

#[test]
fn a_mistake_is_named_with_its_place() {
    for (members, place, message) in [
        (r#""wehre":{}"#, "/wehre", "unknown member `wehre` of a mapping: did you mean `where`?"),
        (r#""time":{"feild":"t"}"#, "/time/feild", "did you mean `field`?"),
        (r#""time":{"field":"t","unit":"sec"}"#, "/time/unit", "unknown unit `sec`"),
        (r#""time":{"zone":"Europe/Berln"}"#, "/time/zone", "did you mean `Europe/Berlin`?"),
        (r#""delete":{"op":["d"]},"item":{"id":"x{@time:%Y}"}"#, "/delete", "is another one for every record"),
        (r#""time":{"field":"t"},"tombstones":"delete","item":{"id":"x{@time:%Y}"}"#, "/tombstones", "of the record"),
        (r#""item":{"id":"{@time}"}"#, "/item/id", "can be a number"),
        (r#""delete":[]"#, "/delete", "an object belongs here"),
        (r#""delete":{"op":["d"]},"item":{"id":"{@id}"}"#, "/delete", "the key attribute `id` is another one for every record"),
        (r#""delete":{"op":["d"]},"item":{"id":"{x|@id}"}"#, "/delete", "is another one for every record"),
        (r#""delete":{"op":["d"]},"item":{"id":"x-{@sequence}"}"#, "/delete", "is another one for every record"),
        (r#""tombstones":1"#, "/tombstones", "a string belongs here"),
        (r#""tombstones":"keep""#, "/tombstones", "`delete` or `filter`"),
        (r#""tombstones":"delete""#, "/tombstones", "must make the key attribute `id` of the record"),
        (r#""tombstones":"delete","item":{"id":"{@partition-key}-{x}"}"#, "/tombstones", "must make the key attribute `id` of the record"),
        (r#""tombstones":"delete","item":{"id":"{@id}"}"#, "/tombstones", "is another one for every record"),
        (r#""item":{"a":"{@time:%Y-%Q}"}"#, "/item/a", "`%Q` is no supported directive of strftime"),
        (r#""item":{"a":{"from":"x","as":"binary","default":"AA"}}"#, "/item/a/default", "the default is not a string in base64"),
        (r#""item":{"a":{"from":"x","as":"number_set","default":[]}}"#, "/item/a/default", "the default is an empty array"),
        (r#""item":{"id":{"from":"x","as":"string_set"}}"#, "/item/id", "can be a set"),
        (r#""item":{"id":{"from":"x","as":"binary"}}"#, "/item/id", "can be bytes"),
        (r#""item":{"a":{"from":"x","as":"nubmer"}}"#, "/item/a/as", "did you mean `number`?"),
        (r#""item":{"a":{"from":"x","defualt":1}}"#, "/item/a/defualt", "did you mean `default`?"),
        (r#""item":{"a":{"from":1}}"#, "/item/a/from", "a string belongs here"),
        (r#""item":{"a":{"from":"@bacth"}}"#, "/item/a/from", "did you mean `@batch`?"),
        (r#""item":{"a":{"from":"x","after":"1d"}}"#, "/item/a/after", "belongs to"),
        (r#""item":{"a":{"from":"x","as":"ttl","after":"1y"}}"#, "/item/a/after", "not a duration"),
        (r#""item":{"a":{"literal":1,"b":2}}"#, "/item/a", "no other member"),
        (r#""item":{"a":[1,{"b/c":"{"}]}"#, "/item/a/1/b~1c", "without its partner"),
        (r#""item":{"a":1e126}"#, "/item/a", "outside"),
        (r#""item":{"":1}"#, "/item/", "1 to 65535 bytes"),
        (r#""item":[]"#, "/item", "an object belongs here"),
        (r#""rest":"all""#, "/rest", "`keep` or `drop`"),
        (r#""where":{"f":[{"prefx":"x"}]}"#, "/where/f/0/prefx", "did you mean `prefix`?"),
        (r#""item":{"id":"{id?}"}"#, "/item/id", "cannot be optional"),
        (r#""item":{"id":{"from":"id?"}}"#, "/item/id", "cannot be optional"),
        (r#""item":{"id":""}"#, "/item/id", "cannot be the empty string"),
        (r#""item":{"id":"{@arrival}"}"#, "/item/id", "declares `id` as `S`, but this can be a number"),
        (r#""item":{"id":"{a|@arrival}"}"#, "/item/id", "can be a number"),
        (r#""item":{"id":{"from":"a","as":"ttl"}}"#, "/item/id", "can be a number"),
        (r#""item":{"id":{"from":"a","default":null}}"#, "/item/id", "can be null"),
        (r#""item":{"id":["{a}"]}"#, "/item/id", "can be an array"),
        (r#""item":{"a":"{a}"}"#, "/key/partition", "nothing produces the key attribute `id`"),
        (r#""rest":"drop""#, "/key/partition", "nothing produces"),
    ] {
        let error = error(&format!("{{{KEY},{members}}}"));
        assert!(error.contains(&format!("({place})")) && error.contains(message), "{members}: {error}");
    }
}

#[test]
fn key_and_types_are_checked() {
    for (text, place, message) in [
        (r#"{"item":{}}"#, "column 1:", "needs `key`"),
        (r#"{"key":{}}"#, "(/key)", "needs `partition`"),
        (r#"{"key":{"partition":"id"}}"#, "(/key/partition)", "`types` must declare"),
        (r#"{"key":{"partition":"id"},"types":{"Id":"S"}}"#, "(/key/partition)", "did you mean `Id`?"),
        (r#"{"key":{"partition":"id","sort":"id"},"types":{"id":"S"}}"#, "(/key/sort)", "two attributes"),
        (r#"{"key":{"partition":"id","srot":"id"},"types":{"id":"S"}}"#, "(/key/srot)", "did you mean `sort`?"),
        (r#"{"key":{"partition":"id"},"types":{"id":"B"}}"#, "(/key/partition)", "JSON has no bytes"),
        (r#"{"key":{"partition":"id"},"types":{"id":"B"},"item":{"id":"{id}"}}"#, "(/item/id)", "makes them of base64"),
        (r#"{"key":{"partition":"id"},"types":{"id":"string"}}"#, "(/types/id)", "`S`, `N` or `B`"),
        (r#"{"key":{"partition":"id"},"types":{"id":"N"},"item":{"id":"{@batch}"}}"#, "(/item/id)", "can be a string"),
        (r#"{"key":{"partition":"id"},"types":{"id":"N"},"item":{"id":"{a}-{b}"}}"#, "(/item/id)", "can be a string"),
        (r#"{"key":{"partition":"id"},"types":{"id":"N"},"item":{"id":"{a!}"}}"#, "(/item/id)", "can be a string"),
    ] {
        let error = error(text);
        assert!(error.contains(place) && error.contains(message), "{text}: {error}");
    }
    let long = "n".repeat(256);
    assert!(error(&format!(r#"{{"key":{{"partition":"{long}"}},"types":{{"{long}":"S"}}}}"#)).contains("1 to 255 bytes"));
}

#[test]
fn mappings_of_one_table_agree_on_key_and_types() {
    let other = r#"{"key":{"partition":"x"},"types":{"x":"S"}}"#;
    assert!(error(&format!("[{{{KEY}}},{other}]")).contains("(/1/key): all mappings of a table have the same key"));
    let number = r#"{"key":{"partition":"id"},"types":{"id":"N"}}"#;
    assert!(error(&format!("[{{{KEY}}},{number}]")).contains("(/1/types/id): another mapping declares `id` as `S`"));
    let shared = Mappings::compile(&format!(r#"[{{{KEY}}},{{"key":{{"partition":"id"}},"types":{{"i":"N"}}}}]"#)).unwrap();
    assert_eq!(shared.types().collect::<Vec<_>>(), [("id", KeyKind::S), ("i", KeyKind::N)]);
    // The types hold for every mapping of the table.
    let wrong = shared.map(&parse(r#"{"id":"a","i":"x"}"#).unwrap(), &ORIGIN);
    assert!(matches!(wrong, Mapped::Rejected(Rejection { reason: Reason::WrongKeyType, .. })));
}

#[test]
fn the_first_mapping_that_matches_takes_the_document() {
    let of_kind = |kind: &str| format!(r#"{{{KEY},"where":{{"kind":["{kind}"]}},"item":{{"id":"{{id}}","is":"{kind}"}}}}"#);
    let mappings = format!("[{},{}]", of_kind("a"), of_kind("b"));
    assert_eq!(item(&mappings, r#"{"id":"1","kind":"b"}"#).json, r#"{"id":{"S":"1"},"is":{"S":"b"}}"#);
    assert_eq!(map(&mappings, r#"{"id":"1","kind":"c"}"#), Mapped::Filtered);
    assert_eq!(rejected(&mappings, "{}"), (Reason::MissingField, "`where` asks for field `kind`, which is absent".to_owned()));
    let caught = format!("[{},{{{KEY}}}]", of_kind("a"));
    assert_eq!(item(&caught, r#"{"id":"1"}"#).json, r#"{"id":{"S":"1"}}"#);
    assert_eq!(rejected(&caught, "[]").0, Reason::NotAnObject);
}

#[test]
fn key_attributes_are_checked_before_they_reach_the_table() {
    let mapping = r#"{"key":{"partition":"p","sort":"s"},"types":{"p":"S","s":"N","i":"S"}}"#;
    let document = |p: &str, s: &str, i: &str| format!(r#"{{"p":{p},"s":{s},"i":{i}}}"#);
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    let key = Key::new(KeyPart::S("a"), Some(KeyPart::N("1")));
    assert_eq!(item(mapping, &document("\"a\"", "1.0", "\"x\"")).key, key);
    assert_eq!(item(mapping, r#"{"s":1e0,"p":"a"}"#).key, key);
    assert!(matches!(map(mapping, &document(&text(2048), "1", &text(2048))), Mapped::Item(_)));
    for (document, reason) in [
        (document("\"\"", "1", "\"x\""), Reason::EmptyKey),
        (document("\"a\"", "1", "\"\""), Reason::EmptyKey),
        (document("1", "1", "\"x\""), Reason::WrongKeyType),
        (document("\"a\"", "\"1\"", "\"x\""), Reason::WrongKeyType),
        (document("\"a\"", "null", "\"x\""), Reason::WrongKeyType),
        (document("\"a\"", "1", "null"), Reason::WrongKeyType),
        (document(&text(2049), "1", "\"x\""), Reason::KeyTooLong),
        (document("\"a\"", "1e400", "\"x\""), Reason::NumberOutOfRange),
        (r#"{"p":"a"}"#.to_owned(), Reason::MissingField),
        (r#"{"s":1}"#.to_owned(), Reason::MissingField),
    ] {
        assert_eq!(rejected(mapping, &document).0, reason, "{document}");
    }
    let sort = r#"{"key":{"partition":"p","sort":"s"},"types":{"p":"S","s":"S"}}"#;
    assert!(matches!(map(sort, &document("\"a\"", &text(1024), "1")), Mapped::Item(_)));
    assert_eq!(rejected(sort, &document("\"a\"", &text(1025), "1")).0, Reason::KeyTooLong);
}

#[test]
fn keys_of_bytes_are_checked_and_compared_as_bytes() {
    let mapping = r#"{"key":{"partition":"p","sort":"s"},"types":{"p":"B","s":"B","i":"B"},
        "item":{"p":{"from":"p","as":"binary"},"s":{"from":"s","as":"binary"},"i":{"from":"i?","as":"binary"}}}"#;
    let document = |p: &[u8], s: &[u8]| format!(r#"{{"p":"{}","s":"{}"}}"#, STANDARD.encode(p), STANDARD.encode(s));
    let made = item(mapping, &document(b"\x00\xff", b"z"));
    assert_eq!(made.key, Key::new(KeyPart::B(b"\x00\xff"), Some(KeyPart::B(b"z"))));
    assert_eq!((made.json.as_str(), made.size), (r#"{"p":{"B":"AP8="},"s":{"B":"eg=="}}"#, 5));
    assert!(matches!(map(mapping, &document(&[0; 2048], &[0; 1024])), Mapped::Item(_)));
    for (document, reason) in [
        (document(b"", b"z"), Reason::EmptyKey),
        (document(&[0; 2049], b"z"), Reason::KeyTooLong),
        (document(b"a", &[0; 1025]), Reason::KeyTooLong),
        (r#"{"p":"eg","s":"eg=="}"#.to_owned(), Reason::BadValue),
        (r#"{"p":"eg==","s":"e-=="}"#.to_owned(), Reason::BadValue),
        (r#"{"p":"eh==","s":"eg=="}"#.to_owned(), Reason::BadValue),
        (r#"{"p":1,"s":"eg=="}"#.to_owned(), Reason::BadValue),
        (r#"{"p":"eg==","s":"eg==","i":""}"#.to_owned(), Reason::EmptyKey),
        (r#"{"s":"eg=="}"#.to_owned(), Reason::MissingField),
    ] {
        assert_eq!(rejected(mapping, &document).0, reason, "{document}");
    }
}

#[test]
fn a_key_that_shows_too_little_of_the_time_is_warned_about() {
    let warnings = |key: &str, types: &str, item: &str| {
        let text = format!(r#"{{"key":{key},"types":{types},"item":{item},"rest":"keep"}}"#);
        Mappings::compile(&text).unwrap().warnings().collect::<Vec<_>>()
    };
    let one = |value: &str| warnings(r#"{"partition":"p"}"#, r#"{"p":"S"}"#, &format!(r#"{{"p":{value}}}"#));
    let found = one(r#""{@time:%Y-%m}""#);
    assert!(found.len() == 1 && found[0].contains("the key `p` shows too little") && found[0].contains("{@id}"), "{found:?}");
    assert_eq!(one(r#""{@batch}#{@time:%F}""#).len(), 1);
    for enough in ["{@time:%Y-%m}#{@id}", "{x}{@time:%Y}", "{x|@time:%Y}", "{@time:%FT%T.%f}", "{@batch}", "{@time:%Y}{@time}"] {
        assert_eq!(one(&format!("\"{enough}\"")), [""; 0], "{enough}");
    }
    let two =
        |sort: &str| warnings(r#"{"partition":"p","sort":"s"}"#, r#"{"p":"S","s":"S"}"#, &format!(r#"{{"p":"{{@time:%Y-%m}}"{sort}}}"#));
    assert_eq!(two(r#","s":"{@time:%d %T}""#).len(), 1);
    assert_eq!(two(r#","s":"{@time:%d %T.%f}""#), [""; 0]);
    assert_eq!(two(""), [""; 0]);
}

#[test]
fn the_time_of_a_document_belongs_to_its_own_mapping() {
    let mapping =
        |kind: &str, time: &str| format!(r#"{{{KEY},"where":{{"kind":["{kind}"]}},{time}"item":{{"id":"{{@time:%FT%T.%f%z}}"}}}}"#);
    let mappings = format!("[{},{}]", mapping("a", r#""time":{"field":"t","zone":"Etc/GMT-1"},"#), mapping("b", ""));
    let id = |document: &str| item(&mappings, document).json;
    assert_eq!(id(r#"{"kind":"a","t":1667844200703123}"#), r#"{"id":{"S":"2022-11-07T19:03:20.703123+0100"}}"#);
    assert_eq!(id(r#"{"kind":"b","t":1667844200703123}"#), r#"{"id":{"S":"2018-12-17T22:10:50.987000+0000"}}"#);
    assert_eq!(rejected(&mappings, r#"{"kind":"a"}"#), (Reason::MissingField, "attribute `id`: field `t` is absent".to_owned()));
    let (reason, message) = rejected(&mappings, r#"{"kind":"a","t":"secret"}"#);
    assert!(reason == Reason::BadValue && message.contains("field `t` is not") && !message.contains("secret"), "{message}");
    let optional =
        format!(r#"{{{KEY},"time":{{"field":"t"}},"item":{{"id":"{{@id}}","day":"{{@time:%F?}}","at":"{{@time:%F|@batch}}"}}}}"#);
    assert!(item(&optional, "{}").json.ends_with(r#","at":{"S":"2018-12-17"}}"#));
}

#[test]
fn a_message_names_the_attribute_and_never_the_value() {
    let mapping = format!(r#"{{{KEY},"item":{{"id":"{{a!}}","n":{{"from":"b","as":"number"}},"t":"x{{c}}"}}}}"#);
    for document in [
        r#"{"a":987654,"b":1,"c":1}"#,
        r#"{"a":"k","b":"secret","c":1}"#,
        r#"{"a":"k","b":1,"c":["secret"]}"#,
        r#"{"a":"","b":1,"c":1}"#,
        r#"{"a":"k","b":"987654e987654","c":1}"#,
        r#"{"a":"k","b":1}"#,
    ] {
        let (_, message) = rejected(&mapping, document);
        assert!(message.starts_with("attribute `"), "{message}");
        assert!(!message.contains("secret") && !message.contains("987654"), "{message}");
    }
}

#[test]
fn dropped_fields_are_not_checked() {
    let mapping = format!(r#"{{{KEY},"item":{{"id":"{{id}}"}}}}"#);
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(item(&mapping, &format!(r#"{{"id":"a","":1e999,"deep":{deep}}}"#)).json, r#"{"id":{"S":"a"}}"#);
}

#[test]
fn a_batch_id_must_fit_what_it_fills() {
    let mapping = |value: &str| Mappings::compile(&format!(r#"{{{KEY},"item":{{"id":{value}}}}}"#)).unwrap();
    let long = "b".repeat(2048);
    assert_eq!(mapping("\"{@id}\"").check_batch(""), Ok(()));
    assert_eq!(mapping("\"{@batch}\"").check_batch(""), Err("the batch id is empty".to_owned()));
    assert_eq!(mapping("\"{@batch}\"").check_batch(&long), Ok(()));
    assert_eq!(mapping("\"{@batch}#{x}\"").check_batch("b"), Ok(()));
    assert!(mapping("\"{@batch}#{x}\"").check_batch(&long).unwrap_err().contains("attribute `id`"));
    assert!(mapping("\"{x|@batch}\"").check_batch(&(long + "b")).is_err());
    let number = format!(r#"{{{KEY},"item":{{"id":"{{@id}}","n":{{"from":"@batch","as":"number"}}}}}}"#);
    let number = Mappings::compile(&number).unwrap();
    assert_eq!(number.check_batch("7"), Ok(()));
    assert!(number.check_batch("seven").is_err());
}

#[test]
fn keyed_by_identity_means_an_id_without_alternatives() {
    for (value, expected) in [
        ("\"{@id}\"", true),
        ("\"a#{@id}\"", true),
        ("\"{x|@id}\"", false),
        ("\"a{@id?}\"", false),
        ("\"{x}\"", false),
        ("\"{@hash:x}\"", false),
    ] {
        let mappings = Mappings::compile(&format!(r#"{{{KEY},"item":{{"id":{value},"other":"{{@id}}"}}}}"#)).unwrap();
        assert_eq!(mappings.keyed_by_identity(), expected, "{value}");
    }
    assert!(!Mappings::compile(&format!("{{{KEY}}}")).unwrap().keyed_by_identity());
}

/// Reads typed JSON back, and counts its bytes without the generosity of the size.
fn untyped<'a>(value: &Json<'a>) -> (Json<'a>, usize) {
    let Json::Object(members) = value else { panic!("typed: {value:?}") };
    let [(tag, value)] = members.as_slice() else { panic!("one type: {members:?}") };
    match (tag.as_ref(), value) {
        ("NULL", Json::Bool(true)) => (Json::Null, 1),
        ("BOOL", Json::Bool(_)) => (value.clone(), 1),
        ("S", Json::String(text)) => (value.clone(), text.len()),
        ("N", Json::String(std::borrow::Cow::Borrowed(digits))) => {
            let digits_stored = Number::parse(digits).unwrap().canonical().unwrap();
            let significant = digits_stored.trim_matches(['-', '0', '.']).replace('.', "").len();
            (Json::Number(digits), 1 + significant.div_ceil(2))
        }
        ("L", Json::Array(elements)) => {
            let (elements, sizes): (Vec<_>, Vec<_>) = elements.iter().map(untyped).unzip();
            let size = 3 + elements.len() + sizes.iter().sum::<usize>();
            (Json::Array(elements), size)
        }
        ("M", Json::Object(_)) => {
            let (members, size) = untyped_members(value);
            let count = members.len();
            (Json::Object(members), 3 + count + size)
        }
        other => panic!("typed: {other:?}"),
    }
}

type Members<'a> = Vec<(std::borrow::Cow<'a, str>, Json<'a>)>;

fn untyped_members<'a>(value: &Json<'a>) -> (Members<'a>, usize) {
    let Json::Object(members) = value else { panic!("members: {value:?}") };
    let mut size = 0;
    let members = members.iter().map(|(name, member)| {
        let (member, bytes) = untyped(member);
        size += name.len() + bytes;
        (name.clone(), member)
    });
    (members.collect(), size)
}

fn any_json() -> impl Strategy<Value = String> {
    let text = || ".{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap());
    let number = "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,3})?";
    let scalar = prop_oneof![Just("null".to_owned()), Just("true".to_owned()), Just("false".to_owned()), number, text()];
    scalar.prop_recursive(40, 200, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
            prop::collection::vec((text(), inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    format!("{{{}}}", members.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(","))
}

proptest! {
    #[test]
    fn any_document_becomes_an_item_with_the_same_values_or_a_rejection(
        members in prop::collection::vec(("\"[a-dé\\\\]{0,2}\"".prop_map(|name| name.replace('\\', "\\\\")), any_json()), 0..6),
    ) {
        let text = object(&members);
        let Ok(document) = parse(&text) else { return Err(TestCaseError::reject("deeper than the parser reads")) };
        let mappings = Mappings::built_in("document", false).unwrap();
        match mappings.map(&document, &ORIGIN) {
            Mapped::Item(item) => {
                let written = parse(&item.json).unwrap();
                let (mut attributes, size) = untyped_members(&written);
                prop_assert!(item.size >= size, "{} is below {size}", item.size);
                prop_assert_eq!(attributes.remove(0).0, "id");
                prop_assert_eq!(Json::Object(attributes), document);
            }
            Mapped::Rejected(rejection) => {
                let expected = [Reason::NumberOutOfRange, Reason::BadAttributeName, Reason::NestingTooDeep];
                prop_assert!(expected.contains(&rejection.reason), "{rejection:?}");
            }
            Mapped::Filtered => prop_assert!(false, "filtered"),
        }
    }

    #[test]
    fn no_text_makes_the_compiler_panic(text in any_json(), template in "[{}a@|?!:,/~ ]{0,12}") {
        drop(Mappings::compile(&text));
        let template = serde_json::to_string(&template).unwrap();
        drop(Mappings::compile(&format!(r#"{{{KEY},"item":{{"id":"{{@id}}","x":{template},"y":{text}}},"where":{text}}}"#)));
    }
}

/// The fenced blocks of the docs: what they are, and their text.
fn blocks(markdown: &str) -> Vec<(&str, &str)> {
    let fences = markdown.split("\n```").collect::<Vec<_>>();
    fences.iter().skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect()
}

/// `NAME=VALUE`, a line each.
fn short_form(text: &str) -> ShortForm<'_> {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    ShortForm {
        partition: value("PARTITION_KEY").unwrap(),
        sort: value("SORT_KEY"),
        time_field: value("TIME_FIELD"),
        time_unit: value("TIME_UNIT"),
        time_zone: value("TIME_ZONE"),
    }
}

/// Maps a document of a record that the docs show, or of the one that they begin with.
fn map_of(mappings: &Mappings, record: &Json<'_>, document: &str) -> Mapped {
    let document = parse(document).unwrap();
    let Some(Json::String(key)) = record.get("key") else { return mappings.map(&document, &ORIGIN) };
    let mut headers = Vec::new();
    if let Some(Json::Object(members)) = record.get("headers") {
        for (name, value) in members {
            let Json::String(value) = value else { panic!("{value:?} is no header of the docs") };
            headers.push(Header { name, value: Some(value.as_bytes().to_vec()) });
        }
    }
    mappings.map(&document, &Origin { partition_key: Some(key), headers: &headers, ..ORIGIN })
}

#[test]
fn the_examples_of_the_docs_hold() {
    let mut mapping = Err(String::new());
    let mut mapped = Mapped::Filtered;
    let mut record = Json::Null;
    let mut checked = 0;
    for (kind, text) in blocks(include_str!("../../docs/mapping.md")) {
        match kind {
            "text settings" => mapping = Mappings::derived(short_form(text)).map_err(|problems| format!("{problems:?}")),
            "json mapping" => (mapping, record) = (Mappings::compile(text).map_err(|error| error.to_string()), Json::Null),
            "json record" => record = parse(text).unwrap(),
            "json document" => mapped = map_of(mapping.as_ref().unwrap(), &record, text),
            "json item" | "json deletion" => {
                let Mapped::Item(item) = &mapped else { panic!("{mapped:?} instead of {text}") };
                assert_eq!(item.deletes, kind == "json deletion", "{text}");
                assert_eq!(parse(&item.json).unwrap(), parse(text).unwrap(), "{}", item.json);
                checked += 1;
            }
            "text outcome" => {
                let outcome = match &mapped {
                    Mapped::Filtered => "filtered".to_owned(),
                    Mapped::Rejected(rejection) => format!("rejected: {}: {}", rejection.reason, rejection.message),
                    Mapped::Item(item) => item.json.clone(),
                };
                assert_eq!(outcome, text.trim());
                checked += 1;
            }
            "text error" => {
                assert_eq!(mapping.as_ref().unwrap_err(), text.trim());
                checked += 1;
            }
            other => assert!(other == "text" || other == "json", "a block that no test runs: {other}"),
        }
    }
    assert!(checked > 15, "{checked} examples");
}

#[test]
fn the_docs_show_the_built_in_mappings_as_they_are() {
    let docs: Vec<_> = blocks(include_str!("../../docs/mapping.md")).iter().filter_map(|(_, text)| parse(text).ok()).collect();
    for (name, batch) in [("curated", true), ("document", false), ("quix", false)] {
        assert!(docs.contains(&parse(built_in::declaration(name, batch).unwrap()).unwrap()), "{name}");
    }
    assert!(docs.contains(&parse(&built_in::reading("temperature", "unit")).unwrap()), "reading");
}

#[test]
fn a_document_that_deletes_is_mapped_to_its_key_alone() {
    let mapping = r#"{"key":{"partition":"p","sort":"s"},"types":{"p":"S","s":"N","i":"S"},"rest":"keep",
                      "item":{"p":"{tenant}/{id}","b":"{@batch}","x":"{x}"},"where":{"kind":["order"]},"delete":{"op":["d"],"soft":[{"exists":false}]}}"#;
    let deletion = item(mapping, r#"{"kind":"order","op":"d","tenant":"t","id":1,"s":1.50,"i":5}"#);
    assert_eq!((deletion.json.as_str(), deletion.deletes), (r#"{"p":{"S":"t/1"},"s":{"N":"1.50"}}"#, true));
    let put = r#"{"kind":"order","op":"d","soft":true,"tenant":"t","id":1,"s":1.5,"x":0}"#;
    assert!(!item(mapping, put).deletes && item(mapping, put).key == deletion.key);
    // What `delete` asks for and is absent does not match.
    assert!(!item(mapping, r#"{"kind":"order","tenant":"t","id":1,"s":1.5,"x":0}"#).deletes);
    assert_eq!(map(mapping, r#"{"kind":"other","op":"d"}"#), Mapped::Filtered);
    assert_eq!(rejected(mapping, r#"{"kind":"order","op":"d","tenant":"t","id":1}"#).0, Reason::MissingField);
}

#[test]
fn a_tombstone_deletes_where_a_mapping_says_so() {
    let compile = |text: &str| Mappings::compile(text).unwrap();
    let plain = r#"{"key":{"partition":"id"},"types":{"id":"S"}}"#;
    let deletes = r#"{"key":{"partition":"id"},"types":{"id":"S"},"item":{"id":"k-{@partition-key}","x":"{x}"},"tombstones":"delete"}"#;
    assert_eq!(compile(plain).tombstone(&ORIGIN), Mapped::Filtered);
    let Mapped::Item(item) = compile(&format!("[{plain},{deletes}]")).tombstone(&ORIGIN) else { panic!("no item") };
    assert_eq!((item.json.as_str(), item.deletes), (r#"{"id":{"S":"k-user-7"}}"#, true));
}

#[test]
fn an_ordered_item_stores_its_place_and_a_deletion_has_one() {
    let text = r#"{"key":{"partition":"id"},"types":{"id":"S"},"delete":{"gone":[true]}}"#;
    let ordered = |attribute| Mappings::compile(text).unwrap().ordered(Some("v"), attribute);
    let mappings = ordered("_order").unwrap();
    let map = |document: &str| match mappings.map(&parse(document).unwrap(), &ORIGIN) {
        Mapped::Item(item) => item,
        other => panic!("{other:?}"),
    };
    let place = "n150112\t05649590338271490256608559692538361571095921575989136588898\t0000000000";
    let put = map(r#"{"id":"a","v":12}"#);
    assert_eq!(put.order, place);
    assert_eq!(put.json, format!(r#"{{"id":{{"S":"a"}},"v":{{"N":"12"}},"_order":{{"S":"{}"}}}}"#, place.replace('\t', "\\t")));
    let deletion = map(r#"{"id":"a","v":12,"gone":true}"#);
    assert_eq!((deletion.order.as_str(), deletion.json.as_str()), (place, r#"{"id":{"S":"a"}}"#));
    let own = mappings.map(&parse(r#"{"id":"a","v":1,"_order":"x"}"#).unwrap(), &ORIGIN);
    assert!(matches!(own, Mapped::Rejected(Rejection { reason: Reason::BadAttributeName, .. })));
    assert_eq!(ordered("id").unwrap_err().0, "ORDER_ATTRIBUTE");
    assert_eq!(Mappings::compile(text).unwrap().ordered(Some("v?"), "o").unwrap_err().0, "ORDER_BY");
}

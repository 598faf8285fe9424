import Base
import Testing
import Wire

/// What is JSON and what is not, case by case.
@Suite struct JSONGrammarTests {
    static let valid: [Bytes] = [
        "0", "-0", "1", "-1", "10", "123456789", "0.5", "-0.5", "1e2", "1E2", "1e+2", "1e-2", "1.5e10", "0e0",
        "0E+0",
        "1e-400", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
        "1.7976931348623157e308",
        "true", "false", "null", "\"\"", "\"a\"", " 1 ", "\t\n\r 1 \r\n\t",
        #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9""#, #""\uD83D\uDE00""#, #""\uFFFF""#, #""\u2028""#,
        #""\\u0041""#, #""\\""#, "\"\u{7F}\"", "\"\u{E9}\u{20AC}\u{1F600}\u{10FFFF}\"",
        "\"\u{2028}\u{FEFF}\"",
        "[]", "{}", "[ ]", "{ }", "[[]]", "[{}]", "[1]", "[1,2]", "[ 1 , 2 ]", "[1,[2,[3]]]",
        "[null,true,\"\"]",
        #"{"a":1}"#, #"{"a":1,"b":2}"#, #"{ "a" : 1 , "b" : [ ] }"#, #"{"":0}"#, #"{"a":1,"a":2}"#,
        #"{"\u0061":1}"#, #"{"a":{"b":{"c":[{}]}}}"#, "[-1,-1.0e1,0.0]", "\n[\n1\n]\n",
    ]

    @Test(arguments: valid) func `valid JSON is read`(_ text: Bytes) throws {
        _ = try JSON.parse(text)
    }

    static let invalid: [Bytes] = [
        "", " ", "\n", "nul", "nulll", "True", "NULL", "tru", "truefalse", "undefined", "NaN", "Infinity",
        "-Infinity",
        "+1", "01", "-01", "00", "-", "--1", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1E-", "1e1.5", "1.2.3",
        "0x10",
        "1_000", "1a", "1 2", "1,", "1]", "1}", "\u{FF11}", "1e5e5", "0e", "-a", "1-", "1+1",
        "\"", "\"a", "a\"", "'a'", "\"\\\"", #""\x41""#, #""\a""#, #""\u""#, #""\u1""#, #""\u123""#,
        #""\u12G4""#,
        #""\U0041""#, #""\u 041""#, #""\uD800""#, #""\uDC00""#, #""\uD800\u0041""#, #""\uD800x""#,
        #""\uD800\n""#,
        #""\uD83D\uD83D""#, #""\uDE00\uD83D""#, #""\uDC00\uDC00""#, #""\uD800\uDC0""#, #""\uD800\"#,
        #""\uD800\u""#,
        "\"a\u{0}b\"", "\"a\nb\"", "\"a\tb\"", "\"\u{1F}\"", #""a" "b""#, #""a"1"#,
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "[1}", "[[]", "[]]", "[][]",
        "[],",
        "[\"a\"", "[\"a\",", "[true", "[-]", "[\"\\\"]", "[1,\n", "[\u{C}]", "[\u{B}1]", "[\u{A0}1]",
        "{", "}", "{]", "{,}", "{1}", "{1:2}", "{a:1}", "{'a':1}", #"{"a"}"#, #"{"a":}"#, #"{"a" 1}"#,
        #"{"a":1,}"#,
        #"{"a":1,,"b":2}"#, #"{"a":1 "b":2}"#, #"{,"a":1}"#, #"{"a"::1}"#, #"{"a":1"#, #"{"a":"#, #"{"a"#,
        #"{"a":1]"#,
        #"{"a":1}}"#, #"{"a":1}{"b":2}"#, #"{"a":1}#"#, "{null:1}", "{true:1}", "{[]:1}", #"{"a","b"}"#,
        "{\"a\":1}\u{0}",
        "/* c */ 1", "1 // c", "[1] // c", "# c", "\u{FEFF}{}", "{}\u{FEFF}", "\u{0}", "[1]\u{0}", "*", "\\",
        ",", ":",
        [0xEF, 0xBB], [0xFF], [0x22, 0xFF, 0x22], [0x22, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22],
        [0x22, 0xC3, 0x22],
        [0x22, 0xE2, 0x82, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
        [0x22, 0xF0, 0x80, 0x80, 0x80, 0x22], [0x22, 0xF8, 0x88, 0x80, 0x80, 0x80, 0x22],
        [0x22, 0x5C, 0xFF, 0x22],
        [0x5B, 0xFF, 0x5D], [0x22, 0xE0, 0x80, 0x80, 0x22], [0x22, 0xC1, 0xBF, 0x22],
        [0xFE, 0xFF, 0x00, 0x31],
    ]

    @Test(arguments: invalid) func `what is not JSON is refused, with the place of the fault`(_ text: Bytes)
        throws
    {
        let error = try #require(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error.isMalformed)
        let offset = try #require(error.offset)
        #expect((0...text.count).contains(offset))
    }

    static let outOfRange: [Bytes] = [
        "18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "1e309", "-1e400",
        "[1,-99999999999999999999]", "{\"a\":1E999}",
    ]

    @Test(arguments: outOfRange) func `numbers that would be rounded past recognition are refused`(
        _ text: Bytes
    ) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error?.code == .numberOutOfRange)
    }

    static let everything: Bytes = #"""
        {"update_id":1,"m":{"id":-9223372036854775808,"t":"a\"\\\u00e9\ud83d\ude00 é€😀","f":1.5e-7,"l":[true,false,null,[],{}]},"z":[[1],[2,3]]}
        """#

    @Test func `a document cut short at any byte is refused`() {
        for count in 0..<Self.everything.count {
            let error = #expect(throws: JSONError.self) { try JSON.parse(Self.everything.part(0, count)) }
            #expect(error?.offset != nil, "cut at \(count)")
        }
    }

    @Test func `a document that starts late is refused or is another value, never a crash`() {
        for start in 1..<Self.everything.count {
            _ = try? JSON.parse(Self.everything.part(start, Self.everything.count - start))
        }
    }

    static let places: [(Bytes, Int, String)] = [
        (#"{"a":1,}"#, 7, "expected a name in quotes"),
        (#"{"a" 1}"#, 5, "expected ':'"),
        ("[1 2]", 3, "expected ',' or ']'"),
        ("[1,2", 4, "expected ',' or ']', found the end"),
        (#"["\x"]"#, 2, "unknown escape"),
        (#"["ab\ud800"]"#, 4, "half of a surrogate pair"),
        ("[\"a\nb\"]", 3, "a control character in a text must be escaped"),
        ("[1, 02]", 4, "a number must not start with a zero"),
        ("[1] x", 4, "unexpected bytes after the value"),
        ("\u{FEFF}[]", 0, "a byte order mark does not belong to JSON"),
        ([0x5B, 0x22, 0x61, 0xFF, 0x22, 0x5D], 3, "not UTF-8"),
    ]

    @Test(arguments: places) func `the fault is named and placed`(
        _ text: Bytes, _ offset: Int, _ message: String
    ) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
        let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error?.offset == offset)
        #expect(error?.message == message)
    }

    @Test(arguments: [1, 2, 64, 1024]) func `nesting is read up to the limit and refused past it`(depth: Int)
        throws
    {
        func nested(_ count: Int) -> Bytes {
            Bytes(String(repeating: "[", count: count) + "1" + String(repeating: "]", count: count))
        }
        let limits = JSONLimits(depthMax: depth)
        _ = try JSON.parse(nested(depth), limits: limits)
        let error = #expect(throws: JSONError.self) { try JSON.parse(nested(depth + 1), limits: limits) }
        #expect(error?.code == .tooDeep)
        #expect(error?.offset == depth + 1)
    }

    @Test func `an endless nesting is refused without a crash`() {
        let error = #expect(throws: JSONError.self) {
            try JSON.parse(Bytes([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)))
        }
        #expect(error?.code == .tooDeep)
    }

    @Test func `the depth cannot be asked for beyond its ceiling`() {
        #expect(JSONLimits(depthMax: 1_000_000).depthMax == JSONLimits.depthCeiling)
        #expect(JSONLimits(depthMax: -1).depthMax == 1)
    }

    @Test func `an input is read up to its size limit and refused past it`() throws {
        let limits = JSONLimits(bytesMax: 4)
        _ = try JSON.parse("[12]", limits: limits)
        let error = #expect(throws: JSONError.self) { try JSON.parse("[123]", limits: limits) }
        #expect(error?.code == .tooLarge)
        #expect(error?.isMalformed == false)
    }
}

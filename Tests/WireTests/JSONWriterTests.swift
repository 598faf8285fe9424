import Base
import Testing
import Wire

@Suite struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> Bytes {
        var writer = JSONWriter()
        body(&writer)
        return writer.finish()
    }

    @Test func `commas and colons are put where they belong`() {
        let text = written { writer in
            writer.object { writer in
                writer.field("id", 1)
                writer.field("name", "x")
                writer.key("list")
                writer.array { writer in
                    writer.value(1)
                    writer.value(true)
                    writer.null()
                    writer.object { _ in }
                    writer.array { _ in }
                }
                writer.field("nothing", String?.none)
                writer.field("many", [1.5, 2])
                writer.key(String("dynamic"))
                writer.value(UInt64(7))
            }
        }
        #expect(
            text
                == #"{"id":1,"name":"x","list":[1,true,null,{},[]],"nothing":null,"many":[1.5,2.0],"dynamic":7}"#
        )
    }

    @Test(arguments: [Int64.min, -1, 0, 9, 10, 99, 100, 12345, Int64.max, 9_007_199_254_740_993] as [Int64])
    func `integers are exact`(number: Int64) {
        #expect(written { $0.value(number) } == Bytes("\(number)"))
    }

    @Test(arguments: [
        0, -0.0, 1, 0.1, 1.0 / 3, .leastNonzeroMagnitude, 1.7976931348623157e308, 1e16, 1e21, 1e-7,
        123456789.125, -2.5,
    ]) func `doubles read back the same`(number: Double) throws {
        let text = written { $0.value(number) }
        #expect(try JSON.parse(text).root.double?.bitPattern == number.bitPattern)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func `what is no number becomes null`(
        number: Double
    ) {
        #expect(written { $0.value(number) } == "null")
        #expect(written { $0.value(Float(number)) } == "null")
    }

    @Test func `texts are escaped as far as needed`() {
        let text = "q\" s\\ /\u{8}\t\n\u{C}\r\u{0}\u{1F}\u{7F}é😀\u{2028}"
        #expect(
            written { $0.value(text) }
                == Bytes(#""q\" s\\ /\b\t\n\f\r\u0000\u001f"# + "\u{7F}é😀\u{2028}\""))
    }

    @Test func `line separators are escaped when asked`() throws {
        var writer = JSONWriter(escapesLineSeparators: true)
        writer.value("a\u{2028}\u{2029}\u{202A}é")
        #expect(writer.finish() == Bytes(#""a\u2028\u2029"# + "\u{202A}é\""))
    }

    @Test(arguments: 0..<40) func `an escape is found at every place of a long text`(place: Int) throws {
        for byte: Character in ["\"", "\\", "\n", "\u{0}", "é", "\u{2028}"] {
            var characters = [Character](repeating: "a", count: 40)
            characters[place] = byte
            let text = String(characters)
            #expect(try JSON.parse(written { $0.value(text) }).root.string == text)
            #expect(try JSON.parse(written { $0.text(Bytes(text)) }).root.string == text)
        }
    }

    @Test func `bytes that are not UTF-8 are repaired`() throws {
        let bytes: Bytes = [
            0x61, 0xFF, 0x62, 0xC3, 0xED, 0xA0, 0x80, 0xE2, 0x82, 0xF0, 0x9F, 0x98, 0x80, 0xC3, 0xA9, 0xF0,
            0x9F,
        ]
        let text = try JSON.parse(written { $0.text(bytes) }).root.string
        #expect(text == "a\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}😀é\u{FFFD}\u{FFFD}")
    }

    @Test func `stored JSON is spliced in as it is`() {
        let text = written { writer in
            writer.array { writer in
                writer.raw(#"{"a": 1.50}"#)
                writer.raw("2")
            }
        }
        #expect(text == #"[{"a": 1.50},2]"#)
    }

    @Test func `what was there before stays there`() {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.value(1)
        #expect(writer.finish() == "data: 1")
    }

    @Test(arguments: [1, 63, 64, 65, 66, 200]) func `containers nest as deep as one likes`(depth: Int) throws
    {
        let text = written { writer in
            for level in 0..<depth {
                if level % 3 == 0 {
                    writer.beginObject()
                    writer.key("k")
                } else {
                    writer.beginArray()
                }
            }
            writer.value(7)
            for level in (0..<depth).reversed() {
                if level % 3 == 0 { writer.endObject() } else { writer.endArray() }
            }
        }
        _ = try JSON.parse(text, limits: JSONLimits(depthMax: 1024))
    }

    @Test func `a value without a key in an object is a bug that stops the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.value(1)
        }
    }

    @Test func `an end of the wrong kind is a bug that stops the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            writer.endObject()
        }
    }
}

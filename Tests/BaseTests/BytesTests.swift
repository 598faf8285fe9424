import Base
import Testing

@Suite struct BytesTests {
    @Test func `a part shares its storage and counts from its own start`() {
        let whole: Bytes = "hello world"
        let part = whole.part(6, 5)
        #expect(part == "world")
        #expect(part[0] == UInt8(ascii: "w"))
        #expect(part.copied() == part)
    }

    @Test func `bytes that are not UTF-8 have no text but a repaired one`() {
        let bytes: Bytes = [0x61, 0xff, 0x62]
        #expect(bytes.text == nil)
        #expect(bytes.repairedText == "a\u{FFFD}b")
    }
}

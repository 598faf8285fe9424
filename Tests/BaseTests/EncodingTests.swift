import Base
import Testing

@Suite struct HexTests {
    @Test func `bytes become two lowercase digits each`() {
        #expect(Hex.encode([0x00, 0x0f, 0xa5, 0xff]) == "000fa5ff")
        #expect(Hex.encode([]).isEmpty)
    }

    @Test func `digits of either case are read`() { #expect(Hex.decode("00aFFf") == [0x00, 0xaf, 0xff]) }

    @Test(arguments: ["0", "0g", "g0", " 00", "0x00", "é", "００"])
    func `what is not pairs of digits is refused`(text: String) { #expect(Hex.decode(text) == nil) }
}

@Suite struct Base64Tests {
    @Test(
        arguments: zip(
            ["", "f", "fo", "foo", "foob", "fooba", "foobar"],
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]))
    func `the standard's own examples go both ways`(plain: String, text: String) {
        #expect(Base64.standard.encode(Bytes(plain)) == text)
        #expect(Base64.standard.decode(text) == Bytes(plain))
        let unpadded = text.filter { $0 != "=" }
        #expect(Base64.url.encode(Bytes(plain)) == unpadded)
        #expect(Base64.url.decode(unpadded) == Bytes(plain))
    }

    @Test func `the two alphabets differ in their last two digits`() {
        #expect(Base64.standard.encode([0xfb, 0xff]) == "+/8=")
        #expect(Base64.url.encode([0xfb, 0xff]) == "-_8")
        #expect(Base64.standard.decode("-_8=") == nil)
        #expect(Base64.url.decode("+/8") == nil)
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm8=Zm8=", "Zm=v",
    ])
    func `a padded text that no encoder writes is refused`(text: String) {
        #expect(Base64.standard.decode(text) == nil)
    }

    @Test(arguments: ["Z", "Zg==", "Zh", "Zm9", "Zm9vZ", "Zm9 "])
    func `an unpadded text that no encoder writes is refused`(text: String) {
        #expect(Base64.url.decode(text) == nil)
    }

    @Test(arguments: 0..<70) func `any bytes come back`(count: Int) {
        var generator = Seeded(UInt64(count))
        let bytes = Bytes((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
        #expect(Base64.standard.decode(Base64.standard.encode(bytes)) == bytes)
        #expect(Base64.url.decode(Base64.url.encode(bytes)) == bytes)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
}

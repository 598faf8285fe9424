import Base
import Testing
@testable import Wire

@Suite struct HTTPFieldsTests {
    @Test func `fields are found by name, the first one first`() {
        var fields: HeaderFields = ["Accept": "a", "X-One": "1", "accept": "b"]
        fields.append("x-empty", "")
        #expect(fields["accept"] == "a")
        #expect(fields.bytes("x-one") == "1")
        #expect(fields.all("accept") == ["a", "b"])
        #expect(fields.count(of: "accept") == 2)
        #expect(fields["x-empty"]?.isEmpty == true)
        #expect(fields["x-tw"] == nil)
        #expect(fields["x-on"] == nil)
        #expect(!fields.contains("x-ones"))
        #expect(fields.count == 4)
    }

    @Test func `they are a collection in their order`() {
        let fields: HeaderFields = ["B": "1", "A": "2"]
        #expect(fields.map { "\($0.name)=\($0.value)" } == ["b=1", "a=2"])
        #expect(HeaderFields().isEmpty)
    }

    @Test func `the fields of a request can be written as they are`() throws {
        let parser = HTTP1Parser()
        let text = Array("GET /target HTTP/1.1\r\nHost:a\r\nEmpty:\r\nPad:  x \t\r\n\r\n".utf8)
        let taken = unsafe parser.feed(text.span.bytes)
        #expect(taken == text.count)
        var output: [UInt8] = []
        let fields = try #require(parser.takeHead()).fields
        fields.append(to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "host: a\r\nempty: \r\npad: x\r\n")
        #expect(fields.blockSize == output.count)
    }

    @Test(arguments: [
        ("close", "close", true), ("keep-alive, Close", "close", true),
        ("keep-alive ,\tCLOSE ", "close", true),
        ("closed", "close", false), ("xclose", "close", false), ("", "close", false), (",,", "close", false),
    ]) func `a token is found in a list whatever its case`(value: String, token: String, found: Bool) {
        let fields: HeaderFields = ["connection": "x", "Connection": value]
        #expect(fields.list("connection", has: "close") == found)
    }

    @Test func `a value from outside never makes a line of its own`() {
        let fields: HeaderFields = ["location": "/a\r\nset-cookie: evil=1\n\0", "x\r\ny": "z"]
        var output: [UInt8] = []
        fields.append(to: &output)
        #expect(
            String(decoding: output, as: UTF8.self) == "location: /a  set-cookie: evil=1  \r\nx  y: z\r\n")
    }

    @Test(arguments: [
        ("a-b!#$%&'*+.^_`|~1", "x y\tz\u{e9}", true), ("", "x", false), ("a b", "x", false),
        ("a:", "x", false),
        ("a", "x\r\n", false), ("a", "x\0", false), ("a", "\u{7f}", false), ("\u{e9}", "x", false),
        ("a", "", true),
    ]) func `what can go over the wire is told`(name: String, value: String, valid: Bool) {
        #expect(HeaderFields.isValid(name: Bytes(name), value: Bytes(value)) == valid)
    }

    @Test func `letters alone have a case`() {
        #expect(Bytes("ClosE").equalsIgnoringCase("cLose"))
        #expect(!Bytes("clos").equalsIgnoringCase("close"))
        #expect(!Bytes("[").equalsIgnoringCase("{"))
        #expect(!Bytes("@").equalsIgnoringCase("`"))
        #expect(Bytes().equalsIgnoringCase(""))
    }
}

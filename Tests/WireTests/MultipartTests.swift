import Base
import Testing
import Wire

@Suite struct MultipartTests {
    private static let body: Bytes = [
        "before\r\n--XyZ \r\ncontent-disposition: form-data; name=\"a\"\r\n\r\none\r\n--Xy\r\n",
        "\r\n--XyZ\r\nContent-Disposition: form-data; filename=\"b \\\"c\\\".txt\"; name=f\r\n",
        "Content-Type: text/plain; charset=utf-8\r\n\r\n\r\n--XyZ\r\n",
        "Content-Disposition: form-data; name=g; filename=x; filename*=UTF-8''%e2%82%ac.png\r\n\r\n--XyZ",
        "\r\n--XyZ--\r\nafter --XyZ",
    ].reduce(into: Bytes()) { $0 = Bytes($0.array + Array($1.utf8)) }

    private static let parts = [
        MultipartPart(.init(name: "a"), "one\r\n--Xy\r\n"),
        MultipartPart(
            .init(name: "f", filename: "b \"c\".txt", contentType: "text/plain; charset=utf-8"), ""),
        MultipartPart(.init(name: "g", filename: "€.png"), "--XyZ"),
    ]

    private func parse(_ pieces: [Bytes], _ limits: MultipartParser.Limits = .init()) throws(FormError)
        -> [MultipartPart]
    {
        var parser = MultipartParser(boundary: "XyZ", limits: limits)
        var parts: [MultipartPart] = []
        for piece in pieces {
            try parser.parse(piece) { event in
                switch event {
                case .begin(let head): parts.append(MultipartPart(head, Bytes()))
                case .data(let data):
                    parts[parts.count - 1].bytes = Bytes(parts[parts.count - 1].bytes.array + data.array)
                case .end: break
                }
            }
        }
        try parser.finish()
        return parts
    }

    @Test func `a whole body gives its parts`() throws {
        #expect(try MultipartPart.parse(Self.body, boundary: "XyZ") == Self.parts)
    }

    @Test(arguments: 0..<MultipartTests.body.count) func `a body cut at any byte gives the same`(
        at place: Int
    ) throws {
        let rest = Self.body.part(place, Self.body.count - place)
        #expect(try parse([Self.body.part(0, place), rest]) == Self.parts)
    }

    @Test func `a body that comes byte by byte gives the same`() throws {
        #expect(try parse(Self.body.map { [$0] }) == Self.parts)
    }

    @Test(arguments: [
        "", "--XyZ", "--XyZ\r\n", "--XyZ\r\ncontent-disposition: form-data; name=a\r\n\r\nx",
        "--XyZ\r\ncontent-disposition: form-data; name=a\r\n\r\nx\r\n--XyZ\r\n",
        "--XyZ\r\n\r\nx\r\n--XyZ--", "--XyZ\r\nname\r\n\r\n\r\n--XyZ--", "--XyZabc--",
        "--XyZ\r\ncontent-disposition: attachment; name=a\r\n\r\n\r\n--XyZ--",
    ])
    func `what is no form is refused`(body: String) {
        #expect(throws: FormError.self) { try MultipartPart.parse(Bytes(body), boundary: "XyZ") }
    }

    @Test func `parts and heads have limits`() {
        #expect(throws: FormError.tooManyParts(2)) { try parse([Self.body], .init(partsMax: 2)) }
        #expect(throws: FormError.headTooLarge(20)) { try parse([Self.body], .init(headBytesMax: 20)) }
        let endless = [Bytes("--XyZ\r\n")] + Array(repeating: Bytes("a: b\r\n"), count: 100)
        #expect(throws: FormError.headTooLarge(64)) { try parse(endless, .init(headBytesMax: 64)) }
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=abc", "abc"),
        ("Multipart/Form-Data;charset=x; Boundary=\"a b;c\"", "a b;c"),
        ("multipart/form-data", nil), ("text/plain; boundary=a", nil),
        ("multipart/form-data; boundary=", nil),
        ("multipart/form-data; boundary=\"", nil),
        ("multipart/form-data; boundary=" + String(repeating: "x", count: 71), nil),
    ])
    func `the boundary comes from the content type`(type: String, boundary: String?) {
        #expect(MultipartParser.boundary(ofContentType: Bytes(type))?.text == boundary)
    }

    @Test func `what is written reads the same`() throws {
        var writer = MultipartWriter(random: 1, 2)
        let boundary = try #require(MultipartParser.boundary(ofContentType: Bytes(writer.contentType)))
        writer.append("text", "ä\r\n--")
        writer.append(
            .init(name: "file", filename: "a\\b \"\n.png", contentType: "image/png\r\nx: y"),
            [0, 13, 10, 255])
        let parts = try MultipartPart.parse(writer.finish(), boundary: boundary)
        #expect(
            parts == [
                MultipartPart(.init(name: "text"), "ä\r\n--"),
                MultipartPart(
                    .init(name: "file", filename: "a\\b %22%0A.png", contentType: "image/pngx: y"),
                    [0, 13, 10, 255]),
            ])
    }

    @Test func `a form is read and written`() throws {
        let fields = try FormField.parse("a=1&b=%C3%A4+%2B&c&=x&")
        #expect(
            fields == [FormField("a", "1"), FormField("b", "ä +"), FormField("c", ""), FormField("", "x")])
        #expect(try FormField.parse(FormField.encode(fields)) == fields)
    }

    @Test(arguments: ["a=%", "a=%4", "%zz=1", "a=%00", "%ff=1"])
    func `a form that is encoded wrongly is refused`(form: String) {
        #expect(throws: FormError.self) { try FormField.parse(Bytes(form)) }
    }

    @Test func `a form has a limit of fields`() {
        #expect(throws: FormError.tooManyParts(2)) { try FormField.parse("a&b&c", fieldsMax: 2) }
    }
}

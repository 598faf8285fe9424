import Base
import Testing
import Wire

@Suite struct RESPTests {
    /// Reads bytes cut at one place.
    private func read(_ text: String, cutAt cut: Int = 0, limits: RESPLimits = RESPLimits()) throws(RESPError)
        -> [RESPValue]
    {
        let bytes = Bytes(text)
        var parser = RESPParser(limits: limits)
        var values: [RESPValue] = []
        for piece in [bytes.part(0, cut), bytes.part(cut, bytes.count - cut)] {
            parser.append(piece)
            while let value = try parser.next() { values.append(value) }
        }
        return values
    }

    private static let samples: [(String, [RESPValue])] = [
        ("+OK\r\n", [.status("OK")]),
        ("-ERR no\r\n", [.error("ERR no")]),
        (":-42\r\n:+7\r\n", [.integer(-42), .integer(7)]),
        ("$5\r\nhe\r\no\r\n$0\r\n\r\n", [.bytes("he\r\no"), .bytes("")]),
        ("$-1\r\n*-1\r\n_\r\n", [.null, .null, .null]),
        ("*2\r\n:1\r\n*1\r\n+a\r\n*0\r\n", [.array([.integer(1), .array([.status("a")])]), .array([])]),
        ("%1\r\n+k\r\n*1\r\n:1\r\n", [.map([RESPPair(key: .status("k"), value: .array([.integer(1)]))])]),
        ("~1\r\n#t\r\n#f\r\n", [.set([.boolean(true)]), .boolean(false)]),
        (",1.5\r\n,-inf\r\n,1e3\r\n", [.double(1.5), .double(-.infinity), .double(1000)]),
        ("(-123456789012345678901\r\n", [.bigNumber("-123456789012345678901")]),
        ("=7\r\ntxt:abc\r\n!5\r\nE\r\nno\r\n", [.bytes("abc"), .error("E\r\nno")]),
        ("|1\r\n+ttl\r\n:3\r\n:1\r\n*1\r\n|1\r\n+a\r\n+b\r\n:2\r\n", [.integer(1), .array([.integer(2)])]),
        (">2\r\n+message\r\n$1\r\nx\r\n+OK\r\n", [.push([.status("message"), .bytes("x")]), .status("OK")]),
    ]

    @Test(arguments: samples)
    func `values are read, wherever they are cut`(text: String, values: [RESPValue]) throws {
        for cut in 0...text.utf8.count { #expect(try read(text, cutAt: cut) == values) }
    }

    @Test(arguments: samples)
    func `what is not whole is waited for`(text: String, values: [RESPValue]) throws {
        #expect(try read(String(text.dropLast())).count < values.count)
    }

    @Test(arguments: samples)
    func `what was read can be said again`(text: String, values: [RESPValue]) throws {
        var output: [UInt8] = []
        for value in values { value.encode(onto: &output) }
        #expect(try read(String(decoding: output, as: UTF8.self)) == values)
    }

    @Test(arguments: [
        ("?x\r\n", RESPError.unknownType(0x3F)), ("\r\n", .malformedLine), ("\n", .malformedLine),
        ("+a\n", .malformedLine), ("+a\rb\r\n", .malformedLine), (":\r\n", .malformedNumber),
        (":1x\r\n", .malformedNumber), (": 1\r\n", .malformedNumber),
        (":9223372036854775808\r\n", .malformedNumber), ("$-2\r\n", .malformedNumber),
        ("$?\r\n", .malformedNumber), ("*?\r\n", .malformedNumber), ("%-1\r\n", .malformedNumber),
        (",0x10\r\n", .malformedNumber), (",infinity\r\n", .malformedNumber), ("(1.5\r\n", .malformedNumber),
        ("(\r\n", .malformedNumber), ("$1\r\nab\r\n", .malformedBytes), ("=3\r\nabc\r\n", .malformedBytes),
        ("#x\r\n", .malformedLine), ("_x\r\n", .malformedLine), ("*1\r\n>1\r\n+a\r\n", .misplaced),
    ])
    func `what is wrong is refused, wherever it is cut`(text: String, error: RESPError) {
        for cut in 0...text.utf8.count {
            #expect(throws: error) { try read(text, cutAt: cut) }
        }
    }

    @Test func `everything has a bound`() {
        var limits = RESPLimits()
        limits.lineBytesMax = 10
        limits.messageBytesMax = 30
        limits.elementsMax = 5
        limits.depthMax = 3
        let cases: [(String, RESPError)] = [
            ("+0123456789\r\n", .lineTooLong(bytesMax: 10)), ("+0123456789", .lineTooLong(bytesMax: 10)),
            ("$31\r\n", .tooLarge(bytesMax: 30)), ("$999999999999\r\n", .lineTooLong(bytesMax: 10)),
            ("*3\r\n$10\r\n0123456789\r\n$10\r\n", .tooLarge(bytesMax: 30)),
            ("*6\r\n", .tooManyElements(max: 5)), ("*3\r\n*3\r\n", .tooManyElements(max: 5)),
            ("*1\r\n*1\r\n*1\r\n*1\r\n", .tooDeep(max: 3)),
        ]
        for (text, error) in cases { #expect(throws: error) { try read(text, limits: limits) } }
    }

    @Test func `a bound holds for each message anew`() throws {
        var limits = RESPLimits()
        limits.messageBytesMax = 20
        limits.elementsMax = 2
        #expect(try read(String(repeating: "*2\r\n:1\r\n:2\r\n", count: 100), limits: limits).count == 100)
    }

    @Test func `an error is the last that is said`() {
        var parser = RESPParser()
        parser.append("?\r\n")
        #expect(throws: RESPError.self) { try parser.next() }
        parser.append("+OK\r\n")
        #expect(throws: RESPError.self) { try parser.next() }
    }

    @Test func `a command is an array of byte strings`() {
        let command: RESPCommand = ["SET", "k", Bytes([0, 13, 10])]
        #expect(command.encoded == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\u{0}\r\n\r\n")
    }

    @Test func `maps are searched in both of their forms`() {
        let pairs = RESPValue.map([RESPPair(key: .bytes("version"), value: .bytes("7"))])
        #expect(pairs["version"] == .bytes("7"))
        #expect(RESPValue.array([.bytes("version"), .bytes("7")])["version"] == .bytes("7"))
        #expect(pairs["none"] == nil)
    }
}

public import Base
import Glibc

/// How much a server may say at once.
public struct RESPLimits: Sendable {
    /// Bytes of a status, an error, a number or a length.
    public var lineBytesMax = 64 << 10
    /// Bytes of a whole message.
    public var messageBytesMax = 64 << 20
    /// Elements of a whole message, in all its depths.
    public var elementsMax = 1 << 20
    /// How deep values may stand in each other.
    public var depthMax = 16

    /// Limits that no honest server reaches.
    public init() {}
}

/// Reads what a Redis server says, in pieces cut anywhere.
///
/// Attributes are read over. Strings and aggregates of unknown length, which no server sends, are refused.
public struct RESPParser: Sendable {
    /// A value that holds others and still lacks some.
    private struct Frame: Sendable {
        enum Kind: Sendable { case array, set, map, push, attribute }

        let kind: Kind
        var missing: Int
        var values: [RESPValue] = []
    }

    private enum Item {
        case value(RESPValue)
        case open(Frame.Kind, count: Int)
    }

    /// Bytes whose length is known and that have not all come yet.
    private struct Announced: Sendable {
        enum Kind: Sendable { case bytes, error, verbatim }

        let kind: Kind
        let count: Int
    }

    private let limits: RESPLimits
    private var buffer: [UInt8] = []
    private var start = 0
    /// How many bytes from `start` on are known to hold no line's end.
    private var searched = 0
    private var announced: Announced?
    private var stack: [Frame] = []
    private var elements = 0
    private var taken = 0
    private var failure: RESPError?

    /// A parser that has read nothing.
    public init(limits: RESPLimits = RESPLimits()) { self.limits = limits }

    /// Takes the next piece.
    public mutating func append(_ piece: RawSpan) {
        compact()
        unsafe piece.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    }

    /// Takes the next piece.
    public mutating func append(_ piece: Bytes) {
        compact()
        unsafe piece.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    }

    /// How many bytes wait for what is missing.
    public var bufferedCount: Int { buffer.count - start }

    /// The next whole message; nil until more has come.
    ///
    /// What it throws it throws again ever after.
    public mutating func next() throws(RESPError) -> RESPValue? {
        if let failure { throw failure }
        do throws(RESPError) { return try nextMessage() } catch {
            failure = error
            (buffer, start, stack) = ([], 0, [])
            throw error
        }
    }

    private mutating func nextMessage() throws(RESPError) -> RESPValue? {
        while let item = try nextItem() {
            var finished: RESPValue
            switch item {
            case .value(let value): finished = value
            case .open(let kind, let count):
                try open(kind, count)
                guard count == 0, let value = close() else { continue }
                finished = value
            }
            var isComplete = true
            while let top = stack.indices.last {
                stack[top].values.append(finished)
                stack[top].missing -= 1
                guard stack[top].missing == 0, let value = close() else {
                    isComplete = false
                    break
                }
                finished = value
            }
            guard isComplete else { continue }
            (elements, taken) = (0, 0)
            return finished
        }
        return nil
    }

    private mutating func open(_ kind: Frame.Kind, _ count: Int) throws(RESPError) {
        guard stack.count < limits.depthMax else { throw .tooDeep(max: limits.depthMax) }
        guard kind != .push || stack.isEmpty else { throw .misplaced }
        elements += count
        guard elements <= limits.elementsMax else { throw .tooManyElements(max: limits.elementsMax) }
        stack.append(Frame(kind: kind, missing: count))
    }

    /// Takes the innermost value, which is whole, off the stack; nil for attributes, which are no value.
    private mutating func close() -> RESPValue? {
        guard let frame = stack.popLast() else { return nil }
        switch frame.kind {
        case .array: return .array(frame.values)
        case .set: return .set(frame.values)
        case .push: return .push(frame.values)
        case .attribute: return nil
        case .map:
            return .map(
                stride(from: 0, to: frame.values.count - 1, by: 2).map {
                    RESPPair(key: frame.values[$0], value: frame.values[$0 + 1])
                })
        }
    }

    // MARK: One item

    private mutating func nextItem() throws(RESPError) -> Item? {
        if let announced { return try bytes(announced).map(Item.value) }
        guard let line = try nextLine() else { return nil }
        // A line that `nextLine` gives has at least its type.
        guard let type = line.first else { throw .malformedLine }
        let rest = line.dropFirst()
        switch type {
        case UInt8(ascii: "+"): return .value(.status(Bytes(Array(rest))))
        case UInt8(ascii: "-"): return .value(.error(Bytes(Array(rest))))
        case UInt8(ascii: ":"): return .value(.integer(try Self.integer(rest)))
        case UInt8(ascii: "_"):
            guard rest.isEmpty else { throw .malformedLine }
            return .value(.null)
        case UInt8(ascii: "#"):
            guard rest.count == 1, let letter = rest.first, letter == 0x74 || letter == 0x66 else {
                throw .malformedLine
            }
            return .value(.boolean(letter == 0x74))
        case UInt8(ascii: ","): return .value(.double(try Self.double(rest)))
        case UInt8(ascii: "("): return .value(.bigNumber(try Self.bigNumber(rest)))
        case UInt8(ascii: "$"): return try announce(.bytes, rest)
        case UInt8(ascii: "!"): return try announce(.error, rest)
        case UInt8(ascii: "="): return try announce(.verbatim, rest)
        case UInt8(ascii: "*"):
            if rest.elementsEqual("-1".utf8) { return .value(.null) }
            return .open(.array, count: try count(rest))
        case UInt8(ascii: "~"): return .open(.set, count: try count(rest))
        case UInt8(ascii: ">"): return .open(.push, count: try count(rest))
        case UInt8(ascii: "%"): return .open(.map, count: try count(rest) * 2)
        case UInt8(ascii: "|"): return .open(.attribute, count: try count(rest) * 2)
        default: throw .unknownType(type)
        }
    }

    private mutating func announce(_ kind: Announced.Kind, _ digits: ArraySlice<UInt8>) throws(RESPError)
        -> Item?
    {
        if kind == .bytes, digits.elementsEqual("-1".utf8) { return .value(.null) }
        let count = try Self.integer(digits)
        guard count >= 0 else { throw .malformedNumber }
        guard count <= limits.messageBytesMax - min(taken, limits.messageBytesMax) else {
            throw .tooLarge(bytesMax: limits.messageBytesMax)
        }
        let announced = Announced(kind: kind, count: Int(count))
        self.announced = announced
        return try bytes(announced).map(Item.value)
    }

    private mutating func bytes(_ announced: Announced) throws(RESPError) -> RESPValue? {
        guard bufferedCount >= announced.count + 2 else { return nil }
        let end = start + announced.count
        guard buffer[end] == 0x0D, buffer[end + 1] == 0x0A else { throw .malformedBytes }
        var content = buffer[start..<end]
        if announced.kind == .verbatim {
            guard content.count >= 4, content[content.startIndex + 3] == UInt8(ascii: ":") else {
                throw .malformedBytes
            }
            content = content.dropFirst(4)
        }
        let bytes = Bytes(Array(content))
        take(announced.count + 2)
        self.announced = nil
        return announced.kind == .error ? .error(bytes) : .bytes(bytes)
    }

    /// A line without its end; nil until it is whole.
    private mutating func nextLine() throws(RESPError) -> ArraySlice<UInt8>? {
        guard let end = lineEnd() else {
            searched = bufferedCount
            guard searched <= limits.lineBytesMax else {
                throw .lineTooLong(bytesMax: limits.lineBytesMax)
            }
            return nil
        }
        searched = 0
        guard end - start <= limits.lineBytesMax else { throw .lineTooLong(bytesMax: limits.lineBytesMax) }
        guard end - start >= 2, buffer[end - 1] == 0x0D else { throw .malformedLine }
        let line = buffer[start..<end - 1]
        guard !line.contains(0x0D) else { throw .malformedLine }
        take(end + 1 - start)
        guard taken <= limits.messageBytesMax else { throw .tooLarge(bytesMax: limits.messageBytesMax) }
        return line
    }

    private func lineEnd() -> Int? {
        let from = start + searched
        return unsafe buffer.withUnsafeBytes { raw in
            guard from < raw.count, let base = raw.baseAddress,
                let found = unsafe memchr(base + from, 0x0A, raw.count - from)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    private mutating func take(_ count: Int) {
        start += count
        taken += count
    }

    /// Lets go of what was read, before more is appended.
    private mutating func compact() {
        guard start > 0 else { return }
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= 128 << 10)
        } else {
            buffer.removeFirst(start)
        }
        start = 0
    }
}

// MARK: Numbers

extension RESPParser {
    private func count(_ digits: ArraySlice<UInt8>) throws(RESPError) -> Int {
        let count = try Self.integer(digits)
        guard count >= 0 else { throw .malformedNumber }
        guard count <= limits.elementsMax else { throw .tooManyElements(max: limits.elementsMax) }
        return Int(count)
    }

    private static func integer(_ digits: ArraySlice<UInt8>) throws(RESPError) -> Int64 {
        // `Int64` reads a sign and digits, and nothing else.
        guard digits.count <= 20, let number = Int64(String(decoding: digits, as: UTF8.self)) else {
            throw .malformedNumber
        }
        return number
    }

    private static func bigNumber(_ digits: ArraySlice<UInt8>) throws(RESPError) -> Bytes {
        let unsigned = digits.first == UInt8(ascii: "-") ? digits.dropFirst() : digits
        guard !unsigned.isEmpty, unsigned.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .malformedNumber
        }
        return Bytes(Array(digits))
    }

    private static func double(_ text: ArraySlice<UInt8>) throws(RESPError) -> Double {
        switch String(decoding: text, as: UTF8.self) {
        case "inf": return .infinity
        case "-inf": return -.infinity
        case "nan", "-nan": return .nan
        case let text:
            // `Double` would also read words and hexadecimal digits.
            guard text.utf8.count <= 64,
                text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
                let number = Double(text)
            else { throw .malformedNumber }
            return number
        }
    }
}

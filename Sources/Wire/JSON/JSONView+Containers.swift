extension JSONView {
    /// The elements of an array in their order; none where this is no array.
    public var elements: JSONElements { JSONElements(self) }

    /// The members of an object in their order, doubled names included; none where this is no object.
    public var members: JSONMembers { JSONMembers(self) }

    /// How many elements or members the container has; 0 where this is none.
    public var count: Int {
        switch tape.type(index) {
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            // The tape counts to 2^24 - 1 and stays there.
            let counted = Int(unsafe tape.words[index] >> 32 & 0xFF_FFFF)
            guard counted == 0xFF_FFFF else { return counted }
            let isObject = tape.type(index) == UInt8(ascii: "{")
            return isObject
                ? members.reduce(0) { sum, _ in sum + 1 } : elements.reduce(0) { sum, _ in sum + 1 }
        default: return 0
        }
    }
}

/// The elements of a JSON array.
public struct JSONElements: Sequence, IteratorProtocol, Sendable {
    private let tape: JSONTape
    private var position: Int
    private let end: Int

    init(_ view: JSONView) {
        tape = view.tape
        let isArray = view.kind == .array
        position = view.index + 1
        end = isArray ? view.tape.after(view.index) - 1 : position
    }

    /// The next element.
    public mutating func next() -> JSONView? {
        guard position < end else { return nil }
        defer { position = tape.after(position) }
        return JSONView(tape, position)
    }
}

/// The members of a JSON object.
public struct JSONMembers: Sequence, IteratorProtocol, Sendable {
    private let tape: JSONTape
    private var position: Int
    private let end: Int

    init(_ view: JSONView) {
        tape = view.tape
        let isObject = view.kind == .object
        position = view.index + 1
        end = isObject ? view.tape.after(view.index) - 1 : position
    }

    /// The next member.
    public mutating func next() -> JSONMember? {
        guard position < end else { return nil }
        defer { position = tape.after(position + 1) }
        return JSONMember(key: JSONView(tape, position))
    }
}

/// A name and its value within a JSON object.
public struct JSONMember: Sendable {
    let key: JSONView

    /// The name.
    public var name: String { key.string ?? "" }

    /// The value.
    public var value: JSONView { JSONView(key.tape, key.index + 1) }

    /// Whether that is the name.
    public func isNamed(_ name: String) -> Bool { key.isText(name) }
}

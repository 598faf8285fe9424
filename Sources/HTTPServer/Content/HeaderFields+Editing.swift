import Base
import Wire

extension HeaderFields {
    /// Puts one field in place of all that have this name (in lower case).
    mutating func replace(_ name: StaticString, _ value: Bytes) {
        let before = self
        self = HeaderFields()
        for (known, value) in before where !known.equalsIgnoringCase(name) { append(known, value) }
        append(Bytes("\(name)"), value)
    }

    /// Adds a name to `vary`, unless it is there or everything varies.
    mutating func vary(by name: StaticString) {
        guard !list("vary", has: name), !list("vary", has: "*") else { return }
        append("vary", Bytes("\(name)"))
    }
}

/// The members of a JSON object in the order in which they were put in; each name once.
///
/// Looking a name up walks the members: objects here are small.
public struct JSONFields: Sendable {
    private var members: [(name: String, value: JSONValue)] = []
    /// Up to so many names are compared each with each, which is faster than hashing them.
    private static let fewCount = 12

    /// No members.
    public init() {}

    /// Those members; of doubled names the first counts.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        for (name, value) in members { self.members.append((name, value)) }
        if hasDoubled { dropDoubled() }
    }

    init(_ view: JSONView) {
        self.init(view.members.lazy.map { ($0.name, JSONValue($0.value)) })
    }

    private var hasDoubled: Bool {
        if members.count > Self.fewCount { return Set(names).count < members.count }
        for (place, member) in members.enumerated() {
            if members[..<place].contains(where: { $0.name == member.name }) { return true }
        }
        return false
    }

    private mutating func dropDoubled() {
        var seen: Set<String> = []
        members = members.filter { seen.insert($0.name).inserted }
    }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there are none.
    public var isEmpty: Bool { members.isEmpty }

    /// The names in their order.
    public var names: [String] { members.map(\.name) }

    /// The value of that name; setting keeps the place of a name that is there, and nil takes it out.
    public subscript(name: String) -> JSONValue? {
        get { members.first { $0.name == name }?.value }
        set {
            let place = members.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONFields: Sequence {
    /// Walks the members in their order.
    public func makeIterator() -> IndexingIterator<[(name: String, value: JSONValue)]> {
        members.makeIterator()
    }
}

extension JSONFields: Equatable {
    /// Whether both have the same names with the same values, in any order.
    public static func == (left: JSONFields, right: JSONFields) -> Bool {
        guard left.count == right.count else { return false }
        if zip(left, right).allSatisfy({ $0.name == $1.name }) {
            return zip(left, right).allSatisfy { $0.value == $1.value }
        }
        let values = Dictionary(right.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        return left.allSatisfy { values[$0.name] == $0.value }
    }
}

extension JSONFields: ExpressibleByDictionaryLiteral {
    /// Those members; of doubled names the first counts.
    public init(dictionaryLiteral members: (String, JSONValue)...) { self.init(members) }
}

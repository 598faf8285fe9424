/// A statement that a server's session has been asked to keep.
final class PreparedStatement {
    let text: String
    let name: String
    /// What the server expects as parameters; nil until it was asked.
    var types: [UInt32]?
    /// Whether the server has said that it has it.
    var isConfirmed = false
    fileprivate var lastUse: UInt64 = 0

    init(_ text: String, name: String, types: [UInt32]?) {
        self.text = text
        self.name = name
        self.types = types
    }
}

/// The statements that one session keeps: a bounded number, the one used longest ago goes first.
struct PreparedStatements {
    private let limit: Int
    private var table: [String: PreparedStatement] = [:]
    private var uses: UInt64 = 0
    private var names: UInt64 = 0
    /// Names that the session still has and nobody uses any more.
    private(set) var abandoned: [String] = []

    init(limit: Int) { self.limit = max(1, limit) }

    /// The statement of a text, if the session has it.
    mutating func find(_ text: String) -> PreparedStatement? {
        guard let statement = table[text] else { return nil }
        uses &+= 1
        statement.lastUse = uses
        return statement
    }

    /// A new statement with a name of its own; makes room for it.
    mutating func add(_ text: String, types: [UInt32]?) -> PreparedStatement {
        // Only what the server has confirmed can be given up by name.
        if table.count >= limit,
            let oldest = table.values.filter(\.isConfirmed).min(by: { $0.lastUse < $1.lastUse })
        {
            remove(oldest)
            abandoned.append(oldest.name)
        }
        names &+= 1
        uses &+= 1
        let statement = PreparedStatement(text, name: "s\(names)", types: types)
        statement.lastUse = uses
        table[text] = statement
        return statement
    }

    /// Forgets a statement that the server does not have.
    mutating func remove(_ statement: PreparedStatement) {
        if table[statement.text] === statement { table[statement.text] = nil }
    }

    /// Gives up all of them.
    mutating func abandonAll() {
        for statement in table.values where statement.isConfirmed { abandoned.append(statement.name) }
        table.removeAll()
    }

    /// The names to give up; the caller tells the server.
    mutating func takeAbandoned() -> [String] {
        defer { abandoned.removeAll() }
        return abandoned
    }
}

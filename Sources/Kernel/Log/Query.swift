package import Store

/// A statement that is put together of pieces, with its parameters.
package struct Query {
    /// The statement so far.
    package private(set) var sql: SQL
    /// What its parameters stand for.
    package private(set) var parameters: [Value] = []

    /// A statement that begins so.
    package init(_ sql: SQL) { self.sql = sql }

    /// Adds a piece.
    package mutating func add(_ piece: SQL) { sql += piece }

    /// Takes a parameter; what comes back stands for it.
    package mutating func parameter(_ value: Value) -> SQL {
        parameters.append(value)
        return .parameter(parameters.count)
    }

    /// Takes a list; what comes back is the condition of being in it.
    package mutating func isAmong(_ list: Value) -> SQL {
        parameters.append(list)
        return .isAmong(parameters.count)
    }
}

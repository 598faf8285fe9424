import Store

/// A column that holds what the vault sealed.
package struct SealedColumn: Sendable {
    /// What a primary key is made of.
    package enum KeyKind: Sendable { case integer, text }

    /// The table.
    package let table: String
    /// The column; bytes, or nothing.
    package let column: String
    let tableSQL: SQL
    let idSQL: SQL
    let columnSQL: SQL
    let keyKind: KeyKind

    /// A column of a table whose primary key is one column.
    package init(table: StaticString, id: StaticString, kind: KeyKind, column: StaticString) {
        self.table = "\(table)"
        self.column = "\(column)"
        tableSQL = SQL(stringLiteral: table)
        idSQL = SQL(stringLiteral: id)
        columnSQL = SQL(stringLiteral: column)
        keyKind = kind
    }

    /// How a rotation calls it.
    var target: String { "\(table).\(column)" }

    /// What seals and opens the column of a row.
    package func place(_ row: String) -> Place { Place(table: table, row: row, column: column) }

    /// The value of a row's key; nil where a remembered text is none.
    func value(_ row: String) -> Value? {
        switch keyKind {
        case .integer: Int64(row).map { .integer($0) }
        case .text: .text(row)
        }
    }

    func row(_ row: borrowing Row) throws(StoreError) -> String {
        switch keyKind {
        case .integer: "\(try row.integer(0))"
        case .text: try row.text(0)
        }
    }
}

package import Base

/// One row of a result, as its driver holds it.
///
/// The values live until the next row.
package protocol RowCells: AnyObject {
    /// How many columns there are.
    var columnCount: Int { get }
    /// Whether there is nothing.
    func isNull(_ column: Int) -> Bool
    /// A whole number; throws where the column holds something else.
    func integer(_ column: Int) throws(StoreError) -> Int64
    /// A number.
    func real(_ column: Int) throws(StoreError) -> Double
    /// A text.
    func text(_ column: Int) throws(StoreError) -> String
    /// Bytes, or a text's bytes; copied.
    func bytes(_ column: Int) throws(StoreError) -> Bytes
    /// Whatever the column holds.
    func value(_ column: Int) throws(StoreError) -> Value
}

/// One row of a result; lent, so that it cannot outlive the call that gets it.
package struct Row: ~Copyable {
    private let cells: any RowCells

    /// What a driver's row looks like to its readers.
    package init(_ cells: any RowCells) { self.cells = cells }

    /// How many columns there are.
    package var columnCount: Int { cells.columnCount }

    /// A whole number.
    package func integer(_ column: Int) throws(StoreError) -> Int64 { try cells.integer(column) }
    /// A number.
    package func real(_ column: Int) throws(StoreError) -> Double { try cells.real(column) }
    /// A text.
    package func text(_ column: Int) throws(StoreError) -> String { try cells.text(column) }
    /// Bytes.
    package func bytes(_ column: Int) throws(StoreError) -> Bytes { try cells.bytes(column) }
    /// True for anything but zero.
    package func flag(_ column: Int) throws(StoreError) -> Bool { try cells.integer(column) != 0 }

    /// A whole number, or nil where there is nothing.
    package func optionalInteger(_ column: Int) throws(StoreError) -> Int64? {
        cells.isNull(column) ? nil : try cells.integer(column)
    }
    /// A text, or nil where there is nothing.
    package func optionalText(_ column: Int) throws(StoreError) -> String? {
        cells.isNull(column) ? nil : try cells.text(column)
    }
    /// Bytes, or nil where there is nothing.
    package func optionalBytes(_ column: Int) throws(StoreError) -> Bytes? {
        cells.isNull(column) ? nil : try cells.bytes(column)
    }
    /// Whatever the column holds.
    package func value(_ column: Int) throws(StoreError) -> Value { try cells.value(column) }
}

/// One numbered step from a schema to the next, and back.
package struct Migration: Sendable {
    /// Where it stands in the order; steps are numbered from 1 without gaps.
    package let number: Int
    /// What it is for, in a few words.
    package let name: String
    /// The statements that make the step.
    package let up: [SQL]
    /// The statements that undo it.
    package let down: [SQL]

    /// A step.
    package init(_ number: Int, _ name: String, up: [SQL], down: [SQL]) {
        self.number = number
        self.name = name
        self.up = up
        self.down = down
    }
}

import Foundation

// tidy [--update | --accept] [FOLDER]
//   --update  lowers the counts of tidy.allow to what is there; never raises one
//   --accept  writes them as they are, also upwards: a decision that a reviewer sees in the difference
let arguments = Set(CommandLine.arguments.dropFirst())
let root = arguments.first { !$0.hasPrefix("-") } ?? "."

do {
    let start = ContinuousClock.now
    let tree = try Disk.tree(at: root)
    var tidy = Tidy(tree)
    if arguments.contains("--update") || arguments.contains("--accept") {
        let text = tidy.updatedAllowance(raising: arguments.contains("--accept"))
        try Disk.write(text, to: "\(root)/\(Allowance.path)")
        tidy = Tidy(try Disk.tree(at: root))
    }
    for finding in tidy.findings { print(finding) }
    let time = (ContinuousClock.now - start) / .milliseconds(1)
    let verdict = tidy.findings.isEmpty ? "all is tidy" : "\(tidy.findings.count) findings"
    print("tidy: \(tree.files.count) files, \(Int(time)) ms: \(verdict)")
    exit(tidy.findings.isEmpty ? 0 : 1)
} catch {
    print("tidy: cannot read \(root): \(error)")
    exit(2)
}

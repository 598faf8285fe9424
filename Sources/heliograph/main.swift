import Glibc

let code = await Program.run(Array(CommandLine.arguments.dropFirst()), environment: Environment.read())
exit(code.rawValue)

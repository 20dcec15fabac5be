"""The AWS CLI, imported once. Each call is a fork of this process with the caller's words, environment, folder and streams.

A start of the AWS CLI spends a second of processor time on its imports, and the tests call it hundreds of times. What runs is its
own code; a test that needs a process of its own (to trace it, in another network) calls the program itself.

    warm_aws.py serve SOCKET AWS        serves until its stdin ends, and removes the socket's folder
    warm_aws.py call SOCKET WORD...     runs the AWS CLI with these words
"""
import os, signal, socket, sys

HOME = "/the-home-of-the-call"
FORWARDED = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


def call(path, words):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    # With NUL in between: the process group, the folder, how many words there are, the words, the variables.
    parts = [str(os.getpgid(0)), os.getcwd(), str(len(words)), *words]
    parts += [name + "=" + value for name, value in os.environ.items()]
    request = b"\0".join(os.fsencode(part) for part in parts)
    socket.send_fds(client, [len(request).to_bytes(8, "big")], [0, 1, 2])
    client.sendall(request)
    child = int.from_bytes(client.recv(8), "big")
    told = []

    def forward(number, _):
        told.append(number)
        try:
            os.kill(child, number)
        except ProcessLookupError:
            pass

    for number in FORWARDED:
        signal.signal(number, forward)
    status = client.recv(1)
    if status:
        os._exit(status[0])
    # It died of a signal.
    number = told[-1] if told else signal.SIGKILL
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def serve(path, aws):
    import gc, select, shutil
    # Some constants are made of the home at the import, and have to be made anew.
    os.environ["HOME"] = HOME
    before = dict(os.environ)
    import awscli.clidriver, awscli.handlers
    for name in ["botocore.httpsession", "botocore.signers", "botocore.retries.standard", "botocore.endpoint", "botocore.parsers",
                 "botocore.waiter", "botocore.tokens", "awscli.customizations.sso.login"]:
        try:
            __import__(name)
        except ImportError:
            pass
    sites = homes()
    added = {name: value for name, value in os.environ.items() if name not in before}
    gc.freeze()
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([server, 0], [], [])
        if 0 in ready and not os.read(0, 1):
            shutil.rmtree(os.path.dirname(path), ignore_errors=True)
            return
        if server not in ready:
            continue
        client, _ = server.accept()
        if os.fork() == 0:
            server.close()
            status = 255
            try:
                status = run(client, aws, added, sites)
            finally:
                try:
                    client.sendall(bytes([status & 255]))
                finally:
                    os._exit(status & 255)
        client.close()


def homes():
    """Where constants and defaults stand that have the home in them: a function that sets each, and its value."""
    import gc, types
    sites = []
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__defaults__ and any(has_home(one) for one in thing.__defaults__):
            sites.append((thing, "__defaults__", thing.__defaults__))
        elif isinstance(thing, (type, types.ModuleType)):
            for name, value in list(vars(thing).items()):
                if has_home(value) and thing is not sys.modules[__name__]:
                    sites.append((thing, name, value))
    return sites


def has_home(value):
    return isinstance(value, str) and HOME in value


def run(client, aws, added, sites):
    import threading, time
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    size, fds, _, _ = socket.recv_fds(client, 8, 3)
    left = int.from_bytes(size, "big")
    request = b""
    while len(request) < left:
        request += client.recv(left - len(request))
    group, folder, count, *rest = [os.fsdecode(part) for part in request.split(b"\0")]
    words, variables = rest[:int(count)], rest[int(count):]
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(added)
    os.environ.update(variable.split("=", 1) for variable in variables)
    time.tzset()
    home = os.path.expanduser("~")
    for thing, name, value in sites:
        make = lambda one: one.replace(HOME, home) if has_home(one) else one
        setattr(thing, name, make(value) if isinstance(value, str) else tuple(make(one) for one in value))
    try:
        os.setpgid(0, int(group))
    except OSError:
        pass
    is_direct = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = open(0, closefd=False)
    sys.stdout = open(1, "w", closefd=False)
    sys.stdout.reconfigure(line_buffering=os.isatty(1), write_through=is_direct)
    sys.stderr = open(2, "w", closefd=False)
    sys.stderr.reconfigure(line_buffering=True)
    sys.argv = [aws, *words]
    client.sendall(os.getpid().to_bytes(8, "big"))

    def watch():
        if not client.recv(1):
            os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    import awscli.clidriver
    try:
        status = awscli.clidriver.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            status = status or 120
    return status or 0


if __name__ == "__main__":
    role, path, *words = sys.argv[1:]
    serve(path, *words) if role == "serve" else call(path, words)

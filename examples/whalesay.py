"""The smallest workflow: two steps that do not need each other, hence run at the same time."""

from tangentflow import step, workflow


@step
def whalesay(message: str) -> None:
    print(f"< {message} >")
    print("    \\ ~~~ ><(((. >")


@workflow
def greet() -> None:
    for message in ["hello world", "goodbye world"]:
        whalesay(message)


if __name__ == "__main__":
    greet()

#!/bin/sh
echo {{x $1
